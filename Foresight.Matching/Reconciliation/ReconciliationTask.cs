using System.Text.Json;
using Foresight.Chain.Rpc;
using Foresight.Matching.Leadership;
using Foresight.Matching.Settlement;
using Microsoft.Extensions.Logging;

namespace Foresight.Matching.Reconciliation;

/// <summary>Runs the reconciler when its time has come or somebody has asked, under the lease "reconciliation".</summary>
public sealed partial class ReconciliationTask(
    ChainEndpoint chain, ReconciliationOptions options, TradeStatePublisher publisher, ReconciliationMetrics metrics, TimeProvider clock,
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
        if (options.AutoFixWanted) Log.NoAutoFix(logger);

        var nextRunAt = await store.ReadLastSuccessAsync(ending.Token) + options.Interval ?? clock.GetUtcNow();
        while (true)
        {
            // Before the follower's first step there is nothing that could be compared.
            if (await Deployment.ReadAsync(lease.Database, chain.ChainId, ending.Token) is { } deployment
                && await store.ReadCursorAsync(FollowerStore.CursorName, ending.Token) is not null)
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
            deployment, chain.Client, store, new SidesReader(deployment, chain.Client, store),
            new BalanceChecker(deployment, lease.Database, new HoldingsReader(deployment, chain.Client)), options, clock);
        var result = await reconciler.RunAsync(run, cancellation);
        var fresh = await journal.FinishAsync(lease.Term, result, cancellation);

        var took = clock.GetElapsedTime(started);
        metrics.LastTotals = reconciler.Totals ?? metrics.LastTotals;
        metrics.Finished(run, result, took, balancesChecked: reconciler.Totals is not null);
        if (result.Error is null) Log.Succeeded(logger, run.RunId, result.Range.FromBlock, result.Range.ToBlock, result.TradesCompared, result.Findings.Count, fresh, took.TotalSeconds);
        else Log.Failed(logger, run.RunId, result.Range.FromBlock, result.Range.ToBlock, result.Error);
        publisher.Publish(lease.Term, "reconciliation_finished", JsonSerializer.Serialize(
            new { runId = run.RunId, state = result.Error is null ? "succeeded" : "failed", found = result.Findings.Count, @new = fresh }, JsonSerializerOptions.Web));
        return result.Error is null;
    }

    private async Task WriteStatusAsync(
        Lease lease, Deployment deployment, ReconciliationStore store, ReconciliationJournal journal, DateTimeOffset nextRunAt, CancellationToken cancellation)
    {
        var head = await HeadAsync(cancellation);
        var covered = await store.ReadCursorAsync(ReconciliationJournal.CursorName, cancellation) ?? deployment.DeployedBlock - 1;
        metrics.Open = await store.CountOpenAsync(cancellation);
        await journal.WriteStatusAsync(lease.Term, options.Interval, autoFix: false, nextRunAt, head, covered, cancellation);
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

        [LoggerMessage(LogLevel.Warning, "RECONCILIATION_AUTO_FIX is on, but nothing is repaired automatically yet: every discrepancy waits for a person.")]
        public static partial void NoAutoFix(ILogger logger);

        [LoggerMessage(LogLevel.Warning, "The chain's head is not known: {Reason}")]
        public static partial void HeadUnknown(ILogger logger, string reason);
    }
}
