using Foresight.Matching.Leadership;
using Foresight.ServiceDefaults.Redis;
using Microsoft.Extensions.Logging;

namespace Foresight.Matching.Pipeline;

/// <summary>What the leader of the matching engine does in its term: rebuild, say so, match until it ends.</summary>
internal sealed partial class MatchingTask(
    MatchingGate gate, PipelineMetrics metrics, RedisConnection redis, TimeProvider clock, ILogger<MatchingTask> logger) : ILeaderTask
{
    /// <summary>One shard so far: every market, one sequence.</summary>
    private const int Shard = 0;

    public async Task LeadAsync(Lease lease)
    {
        var recovery = new Recovery(lease.Database, Shard, logger);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(lease.Lost, lease.Stopping);
        var desk = await recovery.RebuildAsync(ending.Token);

        var intake = new Intake();
        var snapshots = new SnapshotWriter(lease.Database, lease.Term, Shard, desk.Sequence, logger);
        var publisher = new Publisher(redis, lease.Term, clock, metrics);
        var loop = new MatchingLoop(
            lease, desk, intake, new KnownRequests(lease.Database), new JournalWriter(lease.Database, Shard), recovery, snapshots, publisher, metrics, clock);
        metrics.Watch(intake);

        // The first thing in the queue: receivers replace what they knew of every book before they hear anything of this term.
        intake.TryAddControl(new DepthRequest());
        void SnapshotAgain() => intake.TryAddControl(new DepthRequest());
        redis.Restored += SnapshotAgain;
        var publishing = publisher.RunAsync();
        var ticking = TickAsync(intake, ending.Token);
        gate.Open(new MatchingSession(lease.Term, intake, loop, desk));
        lease.ReportRecovered();
        try
        {
            await loop.RunAsync();
            Log.Ended(logger, lease.Term.Epoch, loop.CommittedSequence);
        }
        finally
        {
            gate.Close(intake);
            redis.Restored -= SnapshotAgain;
            await ending.CancelAsync();
            await ticking;
            publisher.Complete();
            await publishing;
            await snapshots.FinishAsync();
        }
    }

    /// <summary>Wakes the loop once a second, so that orders expire and markets are listed while nobody trades.</summary>
    private async Task TickAsync(Intake intake, CancellationToken ending)
    {
        using var timer = new PeriodicTimer(PipelineLimits.TickInterval, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(ending)) intake.TryAddControl(new Tick());
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            // The term ends.
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "Epoch {Epoch} of the matching engine ends at sequence {Sequence}.")]
        public static partial void Ended(ILogger logger, long epoch, long sequence);
    }
}
