using System.Globalization;
using System.Numerics;
using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Chain.Signing;

namespace Foresight.Client.Vault;

/// <summary>USDC, or the shares of one outcome. Amounts are of whole USDC or shares.</summary>
/// <param name="Name">As the Api has it: "USDC", or "{marketId}:{outcome}".</param>
/// <param name="Id">As the vault has it: 0, or the id of the shares at the outcome token.</param>
public sealed record VaultAsset(string Name, BigInteger Id)
{
    public static readonly VaultAsset Usdc = new("USDC", VaultContract.Usdc);

    public static VaultAsset Shares(int marketId, Address market, int outcome) =>
        new(string.Create(CultureInfo.InvariantCulture, $"{marketId}:{outcome}"), OutcomeTokenContract.IdOf(market, outcome));

    public bool IsUsdc => Id == VaultContract.Usdc;

    /// <summary>Micro-USDC, or 10^-18 shares.</summary>
    internal BigInteger Units(decimal amount) => IsUsdc ? ExactUnits.Micros(amount) : ExactUnits.Lots(amount) * OrderMessage.AmountPerLot;

    /// <summary>As the Api takes it: with no more decimals than the unit has, whatever zeros were given.</summary>
    internal string Text(decimal amount) => Amount(Units(amount)).ToString(CultureInfo.InvariantCulture);

    /// <summary>Rounded down: shares are whole lots in a vault, whatever their 18 decimals could hold.</summary>
    internal decimal Amount(BigInteger units) => IsUsdc ? (decimal)units / 1_000_000m : (decimal)(units / OrderMessage.AmountPerLot) / 100m;
}

/// <param name="Free">Can be traded with, and withdrawn.</param>
/// <param name="Leaving">Requested to leave. A trade that was matched before still draws on it, after the free part.</param>
/// <param name="ReadyBlock">Together with <paramref name="ReadyAt"/>: from when on it is paid; null if nothing is leaving.</param>
public sealed record PurseState(decimal Free, decimal Leaving, long? ReadyBlock, DateTimeOffset? ReadyAt);
