using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;
using Foresight.Matching.ChainFollowing;
using Foresight.Matching.ChainReading;
using Foresight.Matching.Leadership;
using Foresight.Matching.Settlement;
using Foresight.Protocol;

namespace Foresight.Matching.Reconciliation;

/// <summary>
/// A repair that moves money reaches the engine as a command through the leader's gateway, because the engine is the only writer of money.
/// The row is changed only after the leader has acknowledged it, and only if it is still as it was compared.
/// </summary>
public sealed partial class Repairer(ReconciliationContext context, LeaderClient leader, TradeStatePublisher publisher, ILogger logger)
{
    private readonly Deployment _deployment = context.Deployment;
    private readonly ReconciliationStore _store = context.Store;
    private readonly RepairJournal _journal = new(context.Journal);

    /// <summary>A dry run ends here, and a real one makes exactly this plan, so that a dry run shows what would be done.</summary>
    public async Task<IReadOnlyList<PlannedRepair>> PlanAsync(IReadOnlyList<Finding> findings, CancellationToken cancellationToken)
    {
        var repairs = RepairRules.Select(findings);
        if (repairs.Count == 0)
            return [];
        var decided = await _store.ReadDecidedAsync([.. repairs.Select(r => r.NaturalKey)], cancellationToken);
        return
        [
            .. repairs.Select(r => new PlannedRepair(
                r,
                RepairRules.Refusal(r, context.Options.FourEyesOver, decided.Contains(r.NaturalKey))
            )),
        ];
    }

    public async Task<int> MakeAsync(
        Term term,
        long runId,
        IReadOnlyList<PlannedRepair> planned,
        long toBlock,
        CancellationToken cancellationToken
    )
    {
        var made = 0;
        foreach (var (repair, refusal) in planned)
        {
            var reason = refusal;
            try
            {
                if (reason is null && await MakeAsync(term, runId, repair, toBlock, cancellationToken))
                    made++;
                else
                    reason ??= "The trade has changed since it was compared.";
            }
            catch (Exception error) when (error is UndeliveredException or RpcException && !cancellationToken.IsCancellationRequested)
            {
                // The discrepancy stays open, and the next run that finds it tries again.
                reason = error.Message;
            }

            if (reason is null)
            {
                Log.Made(logger, repair.NaturalKey, runId);
                continue;
            }

            Log.NotMade(logger, repair.NaturalKey, reason);
            await _journal.RefuseAsync(term, runId, repair, reason, cancellationToken);
        }

        return made;
    }

    private async Task<bool> MakeAsync(Term term, long runId, Repair repair, long toBlock, CancellationToken cancellationToken)
    {
        if (repair is TradeRepair trade)
        {
            // The same command as the follower's, with the same request id, so that a trade which the follower has already settled is
            // settled once.
            await leader.DeliverAsync([leader.Settle(trade.Journal.TradeId, trade.Place.Block)], cancellationToken);
            if (!await _journal.SettleAsync(term, runId, trade, cancellationToken))
                return false;
            publisher.PublishRepaired(
                new TradeChange(
                    trade.Journal.TradeId,
                    trade.Journal.MarketId,
                    TradeStates.Final,
                    null,
                    Hex.Decode(trade.Place.TransactionHash),
                    trade.Place.Block
                )
            );
            return true;
        }

        var fill = (FillRepair)repair;
        await leader.DeliverAsync(await ReductionsAsync(fill, toBlock, cancellationToken), cancellationToken);
        return await _journal.RecordAsync(term, runId, fill, cancellationToken);
    }

    /// <summary>
    /// What the chain filled of these orders, less what this exchange's trades did, can no longer be filled here (docs/decisions/0620).
    /// </summary>
    private async Task<IReadOnlyList<LeaderCommand>> ReductionsAsync(FillRepair fill, long block, CancellationToken cancellationToken)
    {
        var commands = new List<LeaderCommand>();
        foreach (
            var (hash, maker, marketId, finalLots) in await _store.ReadRestingAsync(
                [.. fill.Fills.Select(f => f.OrderHash).Distinct()],
                cancellationToken
            )
        )
        {
            var order = new Hash32(hash);
            var filled = await new MarketContract(context.Client, _deployment.Market(marketId).Address).FilledAsync(
                order,
                block,
                cancellationToken
            );
            var direct = (long)(filled / OrderMessage.AmountPerLot) - finalLots;
            if (direct <= 0)
                continue;
            commands.Add(leader.Reduce(new RestingOrder(order, new Address(maker), marketId), direct));
        }

        return commands;
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "Repaired {Key} in run {RunId}: the journal now agrees with the chain.")]
        public static partial void Made(ILogger logger, string key, long runId);

        [LoggerMessage(LogLevel.Error, "Repair of {Key} failed, the discrepancy stays open: {Reason}")]
        public static partial void NotMade(ILogger logger, string key, string reason);
    }
}
