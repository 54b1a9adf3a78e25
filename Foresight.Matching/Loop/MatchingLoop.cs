using Foresight.Matching.Journal;
using Foresight.Matching.Leadership;
using Foresight.Matching.Orders;
using Foresight.Matching.Publishing;
using Foresight.Matching.Recovery;
using Foresight.Matching.Sequencing;
using Foresight.Protocol;
using NpgsqlTypes;

namespace Foresight.Matching.Loop;

/// <summary>
/// The matching loop of one term: sequence, match, commit, publish. One logical thread owns the engine, so it needs no locks. While batch N
/// is being committed, batch N + 1 is matched in memory: a commit's round trip costs latency, not throughput. Any failure ends the term,
/// and the next one is rebuilt from the journal.
/// </summary>
internal sealed class MatchingLoop(
    Lease lease,
    Sequencer sequencer,
    CommandQueue queue,
    IJournal journal,
    JournalWriter writer,
    FailedCommands failures,
    SnapshotWriter snapshots,
    Publisher publisher,
    MatchingMetrics metrics,
    TimeProvider clock
)
{
    private readonly CancellationTokenSource _commitFailed = new();
    private NpgsqlLogSequenceNumber _committedLsn;
    private long _committedSequence = sequencer.Sequence;
    private long _lastMarketLook;

    public int OpenOrders => Volatile.Read(ref sequencer).Orders.Count;

    public long CommittedSequence => Volatile.Read(ref _committedSequence);

    /// <summary>
    /// Runs until the lease is lost or the process is asked to stop. On return, every command that was matched is committed or refused.
    /// </summary>
    public async Task RunAsync()
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(lease.Lost, lease.Stopping, _commitFailed.Token);
        var committing = Task.CompletedTask;
        try
        {
            while (true)
            {
                await queue.WaitAsync(ending.Token);
                var items = queue.Take();
                try
                {
                    if (snapshots.IsDue(sequencer.Sequence) || items.Exists(item => item is ProofRequest))
                    {
                        await committing;
                        BetweenBatches(items);
                    }

                    var batch = await MatchAsync(items, committing, ending.Token);
                    await committing;
                    committing = CommitAsync(batch);
                }
                catch
                {
                    // These were taken from the queue and perhaps matched, but certainly never sent to Postgres, so a refusal is true.
                    Refuse(items);
                    throw;
                }
            }
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            // The lease was lost, the process is stopping, or a commit failed; in the last case the await below raises the failure.
        }
        finally
        {
            queue.Close(NotLeader);
            await committing;
        }
    }

    /// <summary>
    /// Matches the batch without the commands that cannot be applied. Each of those costs a rebuild of the sequencer, but no other command
    /// of the batch is refused because of it.
    /// </summary>
    private async Task<JournalBatch> MatchAsync(List<WorkItem> items, Task committing, CancellationToken ending)
    {
        while (true)
        {
            try
            {
                return await MatchAsync(items, ending);
            }
            catch (CommandFailedException failure)
            {
                // Wait until the batch before is in the journal: the new sequencer is rebuilt from there and would miss it.
                await committing;
                Volatile.Write(ref sequencer, await failures.QuarantineAsync(failure, ending));
                // The failed batch may have listed markets; read them again, since nothing of it was committed.
                _lastMarketLook = 0;
            }
        }
    }

    /// <summary>Sequences and matches. From here until its commit, memory is ahead of the journal by this batch.</summary>
    private async Task<JournalBatch> MatchAsync(List<WorkItem> items, CancellationToken ending)
    {
        using var lookUp = BatchTrace.StartLookUp(items);
        var newMarkets = await NewMarketsAsync(ending);
        var known = await journal.FindAsync([.. items.OfType<QueuedCommand>()], ending);
        return sequencer.Match(items, known, newMarkets, lease.Term.Epoch, clock);
    }

    /// <summary>Commits, answers, publishes, in this order: neither an answer nor a message may be lost with a failover.</summary>
    private async Task CommitAsync(JournalBatch batch)
    {
        try
        {
            var committed = new Committed(_committedLsn, []);
            if (batch.Commands.Count > 0)
            {
                using var span = batch.Trace?.StartCommit(batch.Commands.Count);
                var started = clock.GetTimestamp();
                committed = await writer.CommitAsync(lease.Term, batch);
                metrics.Committed(
                    sequencer.Engine.Shard,
                    batch.LastSequence,
                    clock.GetElapsedTime(started),
                    batch.Commands.Count,
                    batch.NewOrders.Count,
                    batch.Trades.Count
                );
                _committedLsn = committed.Lsn;
            }

            batch.Trace?.Committed();
            Volatile.Write(ref _committedSequence, batch.LastSequence);
            Answer(batch);
            // Commit before publish: no client may see a trade that a failover can undo.
            publisher.Add(batch, committed);
        }
        catch (Exception error)
        {
            // In doubt or certainly not committed: the caller retries with the same request id, and the journal then has the answer.
            var status = error is InDoubtException ? ResultStatus.InDoubt : ResultStatus.NotLeader;
            if (status == ResultStatus.InDoubt)
                metrics.CommitInDoubt();
            batch.Trace?.Failed(status, CodeOf(status));
            foreach (var (request, _) in batch.Answers)
                request.Answer.TrySetResult(NotLeader(request) with { Status = status, Code = CodeOf(status) });
            _commitFailed.Cancel();
            throw;
        }
    }

    private void Answer(JournalBatch batch)
    {
        // Covers this term's own commits and whatever the look-up has read of other writers'.
        var lsn = batch.SeenLsn > _committedLsn ? batch.SeenLsn : _committedLsn;
        foreach (var (request, result) in batch.Answers)
        {
            metrics.Answered(request.Command.Kind, result.Status);
            request.Answer.TrySetResult(result with { CommitLsn = lsn.ToString() });
        }

        if (batch.Answers.Count > 0)
            lease.ReportFirstAcknowledgement();
    }

    /// <summary>Runs the work that needs an engine equal to the journal: snapshots and proofs.</summary>
    private void BetweenBatches(List<WorkItem> items)
    {
        if (snapshots.IsDue(sequencer.Sequence))
            snapshots.Begin(sequencer);
        foreach (var proof in items.OfType<ProofRequest>())
            proof.Answer.TrySetResult(new StateDigest(lease.Term.NodeId, lease.Term.Epoch, sequencer.Sequence, sequencer.StateHash));
    }

    private async Task<IReadOnlyList<Market>> NewMarketsAsync(CancellationToken ending)
    {
        if (clock.GetElapsedTime(_lastMarketLook) < MatchingLimits.TickInterval)
            return [];
        _lastMarketLook = clock.GetTimestamp();
        return await journal.MarketsAsync(listed: false, ending);
    }

    private void Refuse(List<WorkItem> items)
    {
        foreach (var item in items)
            CommandQueue.Refuse(item, NotLeader);
    }

    private CommandResult NotLeader(QueuedCommand request) =>
        new(request.Command.RequestId, ResultStatus.NotLeader, ProblemCodes.NotLeader, lease.Term.Epoch);

    private static string CodeOf(ResultStatus status) => status == ResultStatus.InDoubt ? ProblemCodes.InDoubt : ProblemCodes.NotLeader;
}
