using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;
using Foresight.Matching.ChainReading;
using Foresight.Matching.Settlement;

namespace Foresight.Matching.ChainFollowing;

/// <param name="Reason">As it is stored.</param>
public sealed record RefusedTrade(MarketEvent.SettlementFailed Event, SettlementFailure Failure, string Reason);

/// <summary>The trades that mined batches report as failed, also batches of other senders.</summary>
public sealed class RefusedTrades(Deployment deployment, RefusedTransfers transfers, SettlementStore trades)
{
    /// <param name="block">Its state decides which account a refused transfer is held against.</param>
    public async Task<IReadOnlyList<RefusedTrade>> ReadAsync(BlockFacts facts, long block, CancellationToken cancellationToken)
    {
        var refused = facts.Refused.Where(refusal => refusal.TradeId <= long.MaxValue).ToList();
        if (refused.Count == 0)
            return [];
        var legs = await trades.ReadLegsAsync([.. refused.Select(refusal => (long)refusal.TradeId).Distinct()], cancellationToken);
        var read = new List<RefusedTrade>(refused.Count);
        foreach (var refusal in refused)
        {
            var failure = await transfers.NameAsync(SettlementFailure.Decode(refusal.Reason), block, cancellationToken);
            var domain = TypedDataDomain.OfMarket(deployment.ChainId, refusal.Position.Market);
            read.Add(new RefusedTrade(refusal, failure, InvalidSignatures.StoredOf(failure, legs[(long)refusal.TradeId], domain)));
        }

        return read;
    }
}
