namespace Foresight.Protocol;

/// <summary>
/// Asks for a co-signature, with which the vault pays at once (docs/firm-money.md). The amount is no longer there to trade with, until the
/// vault has paid it or the deadline has passed.
/// </summary>
/// <param name="Account">0x-prefixed address, any case.</param>
/// <param name="Asset">"USDC", or "{marketId}:{outcome}".</param>
/// <param name="Amount">Decimal USDC or shares; shares in whole lots of 0.01.</param>
/// <param name="Nonce">0 to 2^64 - 1, decimal; each serves an account once.</param>
/// <param name="Deadline">Unix seconds, 1 to 60 minutes ahead: until then the vault takes the co-signature.</param>
/// <param name="Signature">
/// EIP-712 <c>WithdrawalRequest(address account,uint256 asset,uint256 amount,uint256 nonce,uint256 deadline)</c> under the vault's domain,
/// by the account; asset and amount as the vault has them.
/// </param>
public sealed record WithdrawalRequest(string Account, string Asset, string Amount, string Nonce, long Deadline, string Signature);

public static class WithdrawalStates
{
    /// <summary>Journaled; the co-signature follows.</summary>
    public const string Granted = "granted";

    public const string CoSigned = "co_signed";

    /// <summary>Confirmed on chain.</summary>
    public const string Paid = "paid";

    /// <summary>The deadline has passed, and the vault has not paid: the amount is free again.</summary>
    public const string Lapsed = "lapsed";
}

/// <param name="State">One of <see cref="WithdrawalStates"/>.</param>
/// <param name="VaultAsset">As <c>withdrawNow</c> takes it, a decimal uint256, like <paramref name="VaultAmount"/>.</param>
/// <param name="CoSignature">65 bytes as 0x hex; null before it is given.</param>
public sealed record WithdrawalView(
    string Account,
    string Asset,
    string Amount,
    string Nonce,
    long Deadline,
    string State,
    string VaultAsset,
    string VaultAmount,
    string? CoSignature,
    DateTimeOffset GrantedAt
);
