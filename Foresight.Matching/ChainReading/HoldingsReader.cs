using System.Numerics;
using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;

namespace Foresight.Matching.ChainReading;

/// <summary>
/// An account's spendable holding of one asset, in micro-USDC or lots: the lesser of its balance and its approval, because a transfer needs
/// both.
/// </summary>
public sealed record ChainHolding(Address Account, DeployedMarket? Market, int Outcome, long Units);

public sealed class HoldingsReader(Deployment deployment, EthereumClient client)
{
    /// <summary>The engine refuses to observe more, so a larger balance counts as this much and its owner can trade.</summary>
    private const long MostUnits = 100_000_000_000_000_000;

    private readonly MarketFactoryContract _factory = new(client, deployment.Factory);

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

    private static long Bound(BigInteger units) => (long)BigInteger.Min(units, MostUnits);
}
