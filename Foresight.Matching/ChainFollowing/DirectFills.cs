using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;
using Foresight.Matching.ChainReading;

namespace Foresight.Matching.ChainFollowing;

/// <summary>
/// Counts what was filled directly from an order's beginning, as the contract's filled amount less what this exchange's trades settled, so
/// that the result does not depend on when and from which block it is computed.
/// </summary>
public sealed class DirectFills(Deployment deployment, EthereumClient client, FollowerStore store, UnconfirmedStore unconfirmed)
{
    /// <param name="facts">
    /// Facts of all blocks between the follower's cursor and <paramref name="block"/>: a trade settled in a missing one would look like a
    /// direct fill.
    /// </param>
    public async Task<IReadOnlyList<(RestingOrder Order, long Lots)>> ReadAsync(
        BlockFacts facts,
        long block,
        CancellationToken cancellationToken
    )
    {
        var touched = facts.DirectFills.Select(f => f.OrderHash).Distinct().ToList();
        if (touched.Count == 0)
            return [];
        return await OfAsync(await store.ReadRestingAsync(touched, cancellationToken), facts, block, cancellationToken);
    }

    /// <param name="facts">
    /// Facts of all blocks between the follower's cursor and <paramref name="block"/>: a trade settled in a missing one would look like a
    /// direct fill.
    /// </param>
    public async Task<IReadOnlyList<(RestingOrder Order, long Lots)>> OfAsync(
        IReadOnlyList<RestingOrder> resting,
        BlockFacts facts,
        long block,
        CancellationToken cancellationToken
    )
    {
        if (resting.Count == 0)
            return [];
        var final = await unconfirmed.ReadFinalLotsAsync([.. resting.Select(r => r.Hash)], cancellationToken);
        var since = facts
            .Fills.Where(f => !f.TradeId.IsZero)
            .GroupBy(f => f.OrderHash)
            .ToDictionary(
                g => g.Key,
                g => (long)(g.Aggregate(System.Numerics.BigInteger.Zero, (sum, f) => sum + f.Amount) / OrderMessage.AmountPerLot)
            );
        var fills = new List<(RestingOrder, long)>();
        foreach (var order in resting)
        {
            var filled = await new MarketContract(client, deployment.Market(order.MarketId).Address).FilledAsync(
                order.Hash,
                block,
                cancellationToken
            );
            var direct =
                (long)(filled / OrderMessage.AmountPerLot) - final.GetValueOrDefault(order.Hash) - since.GetValueOrDefault(order.Hash);
            if (direct > 0)
                fills.Add((order, direct));
        }

        return fills;
    }
}
