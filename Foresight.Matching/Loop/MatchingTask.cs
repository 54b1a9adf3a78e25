using Foresight.Cluster;
using Foresight.Matching.Journal;
using Foresight.Matching.Leadership;
using Foresight.Matching.Orders;
using Foresight.Matching.Publishing;
using Foresight.Matching.Recovery;
using Foresight.Matching.Sequencing;
using Foresight.ServiceDefaults.Redis;

namespace Foresight.Matching.Loop;

internal sealed partial class MatchingTask(int shard, MatchingGate gate, MatchingServices services, ILogger<MatchingTask> logger)
    : ILeaderTask
{
    public async Task LeadAsync(Lease lease)
    {
        var (journals, options, metrics, orderLife, journalTime, broadcast, notices, clock) = services;
        var journal = journals.Open(lease, shard);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(lease.Lost, lease.Stopping);
        Task<Sequencer> RebuildAsync(CancellationToken stopping) =>
            JournalPulse.WhileItBeatsAsync(journal, clock, stopping, new EngineRecovery(journal, shard, logger).RebuildAsync);
        var sequencer = await RebuildAsync(ending.Token);

        var queue = new CommandQueue(lease.Term.Epoch);
        var failures = new FailedCommands(journal, lease.Term, RebuildAsync, metrics, clock, logger);
        var matcher = new BatchMatcher(sequencer, journal, failures, orderLife, journalTime, lease.Term.Epoch, clock);
        var publisher = new Publisher(broadcast, notices, lease.Term, shard, clock, metrics);
        var committer = new BatchCommitter(lease, journal, publisher, metrics, clock, sequencer.Sequence);
        var snapshots = new SnapshotWriter(journal, lease.Term, sequencer.Sequence, options.CommandsPerSnapshot, logger);
        var loop = new MatchingLoop(lease, queue, matcher, committer, snapshots);
        metrics.Watch(shard, queue);

        // First in the queue: receivers must replace their books of the term before, which may differ, ahead of any message of this term.
        queue.TryAddControl(new DepthRequest());
        void SnapshotAgain() => queue.TryAddControl(new DepthRequest());
        broadcast.Restored += SnapshotAgain;
        var publishing = publisher.RunAsync();
        var ticking = TickAsync(queue, ending.Token);
        gate.Open(shard, new MatchingSession(lease.Term, queue, loop));
        lease.ReportRecovered();
        try
        {
            await loop.RunAsync();
            Log.Ended(logger, lease.Term.Resource, lease.Term.Epoch, loop.CommittedSequence);
        }
        finally
        {
            gate.Close(shard, queue);
            broadcast.Restored -= SnapshotAgain;
            ending.Cancel();
            await ticking;
            publisher.Complete();
            await publishing;
            snapshots.LeaveBehind();
        }
    }

    /// <summary>Lets orders expire and markets be listed while no commands arrive.</summary>
    private async Task TickAsync(CommandQueue queue, CancellationToken ending)
    {
        using var timer = new PeriodicTimer(MatchingLimits.TickInterval, services.Clock);
        try
        {
            while (await timer.WaitForNextTickAsync(ending))
                queue.TryAddControl(new Tick());
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            // The end of the term is the regular end of the ticks.
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "Epoch {Epoch} of {Resource} ended at sequence {Sequence}.")]
        public static partial void Ended(ILogger logger, string resource, long epoch, long sequence);
    }
}
