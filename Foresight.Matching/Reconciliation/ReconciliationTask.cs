using Foresight.Chain.Rpc;
using Foresight.Cluster;
using Foresight.Matching.ChainFollowing;
using Foresight.Matching.ChainReading;
using Foresight.Matching.Leadership;
using Foresight.Matching.Settlement;

namespace Foresight.Matching.Reconciliation;

public sealed partial class ReconciliationTask(
    ChainEndpoint chain,
    ReconciliationOptions options,
    SettlementServices settlement,
    LeaderRouter router,
    ReconciliationMetrics metrics,
    ILogger<ReconciliationTask> logger
) : ILeaderTask
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(500);

    private readonly TimeProvider _clock = settlement.Clock;
    private readonly TradeStatePublisher _publisher = settlement.Publisher;

    public async Task LeadAsync(Lease lease)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(lease.Lost, lease.Stopping);
        var store = new ReconciliationStore(lease.Database);
        var journal = new ReconciliationJournal(lease.Database);
        await journal.FailAbandonedAsync(lease.Term, ending.Token);
        lease.ReportRecovered();
        if (options.AutoFix)
            Log.AutoFix(logger);

        var nextRunAt = await store.ReadLastSuccessAsync(ending.Token) + options.Interval ?? _clock.GetUtcNow();
        while (true)
        {
            // Before the follower's first step there is nothing to compare.
            if (
                await Deployment.ReadAsync(lease.Database, chain.ChainId, ending.Token) is { } deployment
                && await store.ReadCursorAsync(ChainCursors.Follower, ending.Token) is not null
            )
            {
                var context = new ReconciliationContext(lease.Term, lease.Database, deployment, chain.Client, options, _clock);
                var requested = await store.ReadRequestedAsync(ending.Token);
                if (requested is not null || _clock.GetUtcNow() >= nextRunAt)
                {
                    var succeeded = await RunAsync(context, requested, ending.Token);
                    nextRunAt = _clock.GetUtcNow() + (succeeded ? options.Interval : options.RetryInterval);
                }

                await WriteStatusAsync(context, nextRunAt, ending.Token);
            }

            await Task.Delay(LookInterval, _clock, ending.Token);
        }
    }

    private async Task<bool> RunAsync(ReconciliationContext context, RunRow? requested, CancellationToken cancellationToken)
    {
        var (term, journal) = (context.Term, context.Journal);
        var started = _clock.GetTimestamp();
        if (requested is not null)
            await journal.StartRequestedAsync(term, requested, cancellationToken);
        var run = requested ?? await journal.StartScheduledAsync(term, cancellationToken);
        var result = await new Reconciler(context).RunAsync(
            run,
            cancellationToken,
            range => journal.PlanAsync(term, run, range, cancellationToken)
        );
        var leader = new LeaderClient(
            (facts, ending) => router.ReportAsync(facts, term.Claim, ending),
            context.Deployment,
            settlement.Options,
            _clock,
            logger
        );
        var repairer = new Repairer(context, leader, _publisher, logger);
        var plan = options.AutoFix || run.DryRun ? await repairer.PlanAsync(result.Findings, cancellationToken) : [];
        var fresh = await journal.FinishAsync(term, result, cancellationToken, run.DryRun ? plan : []);
        if (!run.DryRun)
            await repairer.MakeAsync(term, run.RunId, plan, result.Range.ToBlock, cancellationToken);

        var took = _clock.GetElapsedTime(started);
        metrics.Finished(run, result, took);
        if (result.Error is null)
            Log.Succeeded(
                logger,
                run.RunId,
                result.Range.FromBlock,
                result.Range.ToBlock,
                result.TradesCompared,
                result.Findings.Count,
                fresh,
                took.TotalSeconds
            );
        else
            Log.Failed(logger, run.RunId, result.Range.FromBlock, result.Range.ToBlock, result.Error);
        _publisher.TellCluster(term, "reconciliation_finished");
        return result.Error is null;
    }

    private async Task WriteStatusAsync(ReconciliationContext context, DateTimeOffset nextRunAt, CancellationToken cancellationToken)
    {
        var (store, journal) = (context.Store, context.Journal);
        var head = await HeadAsync(cancellationToken);
        var covered =
            await store.ReadCursorAsync(ReconciliationJournal.CursorName, cancellationToken) ?? context.Deployment.DeployedBlock - 1;
        await journal.ReopenDueAsync(context.Term, cancellationToken);
        metrics.Open = await store.CountOpenAsync(cancellationToken);
        await journal.WriteStatusAsync(context.Term, options.Interval, options.AutoFix, nextRunAt, head, covered, cancellationToken);
    }

    private long _lastHead;

    /// <summary>While the chain's node is unavailable, the last known head is good enough for the status.</summary>
    private async Task<long> HeadAsync(CancellationToken cancellationToken)
    {
        try
        {
            _lastHead = await chain.Client.BlockNumberAsync(cancellationToken);
        }
        catch (RpcException error)
        {
            Log.HeadUnknown(logger, error.Message);
        }

        return _lastHead;
    }

    private static partial class Log
    {
        [LoggerMessage(
            LogLevel.Information,
            "Run {RunId} compared blocks {From} to {To} with {Trades} trades: {Found} discrepancies, {New} of them new, in "
                + "{Seconds:0.00} s."
        )]
        public static partial void Succeeded(
            ILogger logger,
            long runId,
            long from,
            long to,
            long trades,
            int found,
            long @new,
            double seconds
        );

        [LoggerMessage(LogLevel.Error, "Run {RunId} over blocks {From} to {To} failed, its findings are discarded: {Reason}")]
        public static partial void Failed(ILogger logger, long runId, long from, long to, string reason);

        [LoggerMessage(
            LogLevel.Information,
            "RECONCILIATION_AUTO_FIX is on: runs repair trade states and unknown fills from the chain, never an amount or a "
                + "missing trade."
        )]
        public static partial void AutoFix(ILogger logger);

        [LoggerMessage(LogLevel.Warning, "Head of the chain cannot be read: {Reason}")]
        public static partial void HeadUnknown(ILogger logger, string reason);
    }
}
