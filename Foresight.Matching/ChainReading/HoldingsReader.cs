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
    /// <summary>The engine's limit on an account's holding of one asset; a larger balance counts as this much.</summary>
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

    /// <summary>
    /// Reads the holdings of every outcome of the market, account by account. Fractions of a lot cannot be traded and are dropped.
    /// </summary>
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
