using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;
using Foresight.Protocol;
using Foresight.Matching.ChainFollowing;
using Foresight.Matching.ChainReading;
using Foresight.Matching.Leadership;
using Foresight.Matching.Settlement;

namespace Foresight.Matching.Reconciliation;

/// <summary>
/// Carries out repairs. What moves money reaches the engine as a command through the leader's gateway, as the follower's does; only when the leader
/// has acknowledged it is the row changed, and only if it is still as it was compared.
/// </summary>
public sealed partial class Repairer(ReconciliationContext context, LeaderClient leader, TradeStatePublisher publisher, ILogger logger)
{
    private readonly Deployment deployment = context.Deployment;
    private readonly ReconciliationStore store = context.Store;
    private readonly RepairJournal journal = new(context.Journal);

    /// <summary>What is to be repaired. A dry run ends here; a real one makes exactly this.</summary>
    public async Task<IReadOnlyList<PlannedRepair>> PlanAsync(IReadOnlyList<Finding> findings, CancellationToken cancellation)
    {
        var repairs = RepairRules.Select(findings);
        if (repairs.Count == 0) return [];
        var decided = await store.ReadDecidedAsync([.. repairs.Select(r => r.NaturalKey)], cancellation);
        return [.. repairs.Select(r => new PlannedRepair(r, RepairRules.Refusal(r, context.Options.FourEyesOver, decided.Contains(r.NaturalKey))))];
    }

    /// <param name="toBlock">The last block that the run compared.</param>
    /// <returns>How many were made.</returns>
    public async Task<int> MakeAsync(Term term, long runId, IReadOnlyList<PlannedRepair> planned, long toBlock, CancellationToken cancellation)
    {
        var made = 0;
        foreach (var (repair, refusal) in planned)
        {
            var reason = refusal;
            try
            {
                if (reason is null && await MakeAsync(term, runId, repair, toBlock, cancellation)) made++;
                else reason ??= "The trade has changed since it was compared.";
            }
            catch (Exception error) when (error is UndeliveredException or RpcException && !cancellation.IsCancellationRequested)
            {
                // The discrepancy stays open, and the next run that sees it tries again.
                reason = error.Message;
            }

            if (reason is null)
            {
                Log.Made(logger, repair.NaturalKey, runId);
                continue;
            }

            Log.NotMade(logger, repair.NaturalKey, reason);
            await journal.RefuseAsync(term, runId, repair, reason, cancellation);
        }

        return made;
    }

    /// <returns>False: what it would change has changed meanwhile.</returns>
    private async Task<bool> MakeAsync(Term term, long runId, Repair repair, long toBlock, CancellationToken cancellation)
    {
        if (repair is TradeRepair trade)
        {
            // The follower's own words, so that a trade whose settling it has told already is settled once.
            await leader.DeliverAsync([leader.Settle(trade.Journal.TradeId, trade.Place.Block)], cancellation);
            if (!await journal.SettleAsync(term, runId, trade, cancellation)) return false;
            publisher.PublishRepaired(new TradeChange(
                trade.Journal.TradeId, trade.Journal.MarketId, TradeStates.Final, null, Hex.Decode(trade.Place.TransactionHash), trade.Place.Block));
            return true;
        }

        var fill = (FillRepair)repair;
        await leader.DeliverAsync(await ReductionsAsync(fill, toBlock, cancellation), cancellation);
        return await journal.RecordAsync(term, runId, fill, cancellation);
    }

    /// <summary>What the chain has filled of these orders, less what trades of ours did, can be filled here no more (docs/decisions/0620).</summary>
    private async Task<IReadOnlyList<LeaderCommand>> ReductionsAsync(FillRepair fill, long block, CancellationToken cancellation)
    {
        var commands = new List<LeaderCommand>();
        foreach (var (hash, maker, marketId, finalLots) in await store.ReadRestingAsync([.. fill.Fills.Select(f => f.OrderHash).Distinct()], cancellation))
        {
            var order = new Hash32(hash);
            var filled = await new MarketContract(context.Client, deployment.Market(marketId).Address).FilledAsync(order, block, cancellation);
            var direct = (long)(filled / OrderMessage.AmountPerLot) - finalLots;
            if (direct <= 0) continue;
            commands.Add(leader.Reduce(new RestingOrder(order, new Address(maker), marketId), direct));
        }

        return commands;
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "Repaired {Key} in run {RunId}: the journal says now what the chain says.")]
        public static partial void Made(ILogger logger, string key, long runId);

        [LoggerMessage(LogLevel.Error, "{Key} was not repaired and stays open: {Reason}")]
        public static partial void NotMade(ILogger logger, string key, string reason);
    }
}
