using System.Numerics;
using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;

namespace Foresight.Matching.ChainReading;

/// <summary>What an account may spend of one asset: micro-USDC, or lots. The lesser of what it has and what it lets us move.</summary>
public sealed record ChainHolding(Address Account, DeployedMarket? Market, int Outcome, long Units);

/// <summary>Reads what accounts can spend, at one block, many per call, in the exchange's units.</summary>
public sealed class HoldingsReader(Deployment deployment, EthereumClient client)
{
    /// <summary>The most that the exchange lets an account own of one asset; who has more can use this much.</summary>
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

    /// <summary>Of every outcome of the market: account by account. What is less than a lot cannot be traded and does not count.</summary>
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
