using System.Numerics;
using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;
using Foresight.Matching.Engine;

namespace Foresight.Matching.ChainReading;

/// <summary>
/// An account's spendable holding of one asset, in micro-USDC or lots. In a wallet the lesser of balance and approval, because a transfer
/// needs both; in the vault what is free, because the rest is leaving.
/// </summary>
public sealed record ChainHolding(Address Account, DeployedMarket? Market, int Outcome, long Units, Purse Purse = Purse.Wallet);

public sealed class HoldingsReader(Deployment deployment, EthereumClient client)
{
    /// <summary>The engine refuses to observe more, so a larger balance counts as this much and its owner can trade.</summary>
    private const long MostUnits = 100_000_000_000_000_000;

    private readonly MarketFactoryContract _factory = new(client, deployment.Factory);
    private readonly VaultContract? _vault = deployment.Vault is { } vault ? new(client, vault.Address) : null;

    public async Task<IReadOnlyList<ChainHolding>> ReadCollateralAsync(
        IReadOnlyList<Address> accounts,
        BlockRef block,
        CancellationToken cancellationToken
    )
    {
        if (accounts.Count == 0)
            return [];
        var amounts = await _factory.SpendableCollateralAsync(accounts, block, cancellationToken);
        return [.. amounts.Select((a, i) => new ChainHolding(accounts[i], null, 0, Bound(a)))];
    }

    /// <summary>Drops fractions of a lot, which cannot be traded.</summary>
    public async Task<IReadOnlyList<ChainHolding>> ReadSharesAsync(
        DeployedMarket market,
        IReadOnlyList<Address> accounts,
        BlockRef block,
        CancellationToken cancellationToken
    )
    {
        if (accounts.Count == 0)
            return [];
        var amounts = await _factory.SpendableSharesAsync(market.Address, market.Outcomes, accounts, block, cancellationToken);
        return
        [
            .. amounts.Select(
                (a, i) => new ChainHolding(accounts[i / market.Outcomes], market, i % market.Outcomes, Bound(a / OrderMessage.AmountPerLot))
            ),
        ];
    }

    /// <exception cref="InvalidOperationException">The deployment has no vault.</exception>
    public async Task<IReadOnlyList<ChainHolding>> ReadVaultAsync(
        IReadOnlyCollection<TouchedAsset> assets,
        BlockRef block,
        CancellationToken cancellationToken
    )
    {
        if (assets.Count == 0)
            return [];
        var vault = _vault ?? throw new InvalidOperationException("The deployment has no vault.");
        var held = new List<ChainHolding>();
        foreach (var asset in assets.GroupBy(one => (one.Market, one.Outcome)))
        {
            var accounts = asset.Select(one => one.Account).ToList();
            var id = VaultAssets.IdOf(asset.Key.Market?.Address, asset.Key.Outcome);
            var unit = asset.Key.Market is null ? BigInteger.One : OrderMessage.AmountPerLot;
            var amounts = await vault.AmountsAsync(accounts, [id], block, cancellationToken);
            held.AddRange(
                amounts.Select(
                    (amount, i) =>
                        new ChainHolding(accounts[i], asset.Key.Market, asset.Key.Outcome, Bound(amount.Free / unit), Purse.Vault)
                )
            );
        }

        return held;
    }

    internal static long Bound(BigInteger units) => (long)BigInteger.Min(units, MostUnits);
}
