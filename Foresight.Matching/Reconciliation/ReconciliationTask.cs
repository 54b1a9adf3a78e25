using Foresight.Chain.Rpc;
using Foresight.Matching.ChainFollowing;
using Foresight.Matching.ChainReading;
using Foresight.Matching.Leadership;
using Foresight.Matching.Settlement;
using Foresight.ServiceDefaults.Cluster;

namespace Foresight.Matching.Reconciliation;

/// <summary>Runs the reconciler when its time has come or somebody has asked, under the lease "reconciliation".</summary>
public sealed partial class ReconciliationTask(
    ChainEndpoint chain, ReconciliationOptions options, SettlementOptions settlement, LeaderRouter router, TradeStatePublisher publisher, ReconciliationMetrics metrics, TimeProvider clock,
    ILogger<ReconciliationTask> logger) : ILeaderTask
{
    /// <summary>How often requests are looked for, and the status is written.</summary>
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(500);

    public async Task LeadAsync(Lease lease)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(lease.Lost, lease.Stopping);
        var store = new ReconciliationStore(lease.Database);
        var journal = new ReconciliationJournal(lease.Database);
        await journal.FailAbandonedAsync(lease.Term, ending.Token);
        lease.ReportRecovered();
        if (options.AutoFix) Log.AutoFix(logger);

        var nextRunAt = await store.ReadLastSuccessAsync(ending.Token) + options.Interval ?? clock.GetUtcNow();
        while (true)
        {
            // Before the follower's first step there is nothing that could be compared.
            if (await Deployment.ReadAsync(lease.Database, chain.ChainId, ending.Token) is { } deployment
                && await store.ReadCursorAsync(ChainCursors.Follower, ending.Token) is not null)
            {
                var requested = await store.ReadRequestedAsync(ending.Token);
                if (requested is not null || clock.GetUtcNow() >= nextRunAt)
                {
                    var succeeded = await RunAsync(lease, deployment, store, journal, requested, ending.Token);
                    nextRunAt = clock.GetUtcNow() + (succeeded ? options.Interval : options.RetryInterval);
                }

                await WriteStatusAsync(lease, deployment, store, journal, nextRunAt, ending.Token);
            }

            await Task.Delay(LookInterval, clock, ending.Token);
        }
    }

    private async Task<bool> RunAsync(
        Lease lease, Deployment deployment, ReconciliationStore store, ReconciliationJournal journal, RunRow? requested, CancellationToken cancellation)
    {
        var started = clock.GetTimestamp();
        if (requested is not null) await journal.StartRequestedAsync(lease.Term, requested, cancellation);
        var run = requested ?? await journal.StartScheduledAsync(lease.Term, cancellation);
        var reconciler = new Reconciler(
            deployment, chain.Client, store, new ReconciliationInputReader(deployment, chain.Client, store),
            new BalanceChecker(deployment, lease.Database, new HoldingsReader(deployment, chain.Client)), new EvidenceReader(chain.Client, lease.Database), options, clock);
        var result = await reconciler.RunAsync(run, cancellation, range => journal.PlanAsync(lease.Term, run, range, cancellation));
        var repairer = new Repairer(
            deployment, chain.Client, store, new RepairJournal(journal), new LeaderClient(router.SendAsync, deployment, settlement, clock, logger), publisher,
            options, logger);
        var plan = options.AutoFix || run.DryRun ? await repairer.PlanAsync(result.Findings, cancellation) : [];
        var fresh = await journal.FinishAsync(lease.Term, result, cancellation, run.DryRun ? plan : []);
        if (!run.DryRun) await repairer.MakeAsync(lease.Term, run.RunId, plan, result.Range.ToBlock, cancellation);

        var took = clock.GetElapsedTime(started);
        metrics.Finished(run, result, took);
        if (result.Error is null) Log.Succeeded(logger, run.RunId, result.Range.FromBlock, result.Range.ToBlock, result.TradesCompared, result.Findings.Count, fresh, took.TotalSeconds);
        else Log.Failed(logger, run.RunId, result.Range.FromBlock, result.Range.ToBlock, result.Error);
        publisher.TellCluster(lease.Term, "reconciliation_finished");
        return result.Error is null;
    }

    private async Task WriteStatusAsync(
        Lease lease, Deployment deployment, ReconciliationStore store, ReconciliationJournal journal, DateTimeOffset nextRunAt, CancellationToken cancellation)
    {
        var head = await HeadAsync(cancellation);
        var covered = await store.ReadCursorAsync(ReconciliationJournal.CursorName, cancellation) ?? deployment.DeployedBlock - 1;
        await journal.ReopenDueAsync(lease.Term, cancellation);
        metrics.Open = await store.CountOpenAsync(cancellation);
        await journal.WriteStatusAsync(lease.Term, options.Interval, options.AutoFix, nextRunAt, head, covered, cancellation);
    }

    private long lastHead;

    /// <summary>The newest block that is known; while the node is away, the newest that was.</summary>
    private async Task<long> HeadAsync(CancellationToken cancellation)
    {
        try
        {
            lastHead = await chain.Client.BlockNumberAsync(cancellation);
        }
        catch (RpcException error)
        {
            Log.HeadUnknown(logger, error.Message);
        }

        return lastHead;
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "Run {RunId} compared blocks {From} to {To} with {Trades} trades: {Found} discrepancies, {New} of them new, in {Seconds:0.00} s.")]
        public static partial void Succeeded(ILogger logger, long runId, long from, long to, long trades, int found, long @new, double seconds);

        [LoggerMessage(LogLevel.Error, "Run {RunId} over blocks {From} to {To} failed and found nothing: {Reason}")]
        public static partial void Failed(ILogger logger, long runId, long from, long to, string reason);

        [LoggerMessage(LogLevel.Information, "RECONCILIATION_AUTO_FIX is on: what the chain's word decides is repaired by each run, never an amount and never a missing trade.")]
        public static partial void AutoFix(ILogger logger);

        [LoggerMessage(LogLevel.Warning, "The chain's head is not known: {Reason}")]
        public static partial void HeadUnknown(ILogger logger, string reason);
    }
}
