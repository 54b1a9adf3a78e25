using Foresight.Matching.Journal;
using Foresight.Matching.Leadership;
using Foresight.Matching.Orders;
using Foresight.Matching.Publishing;
using Foresight.Matching.Recovery;
using Foresight.Matching.Sequencing;
using Foresight.Protocol;
using NpgsqlTypes;

namespace Foresight.Matching.Loop;

internal sealed class MatchingSession(Term term, CommandQueue queue, MatchingLoop loop)
{
    private readonly Lock _gate = new();
    private ProofRequest? _waiting;

    public Term Term => term;

    public CommandQueue Queue => queue;

    public MatchingLoop Loop => loop;

    /// <summary>
    /// All who ask before it is answered get one proof, because it stops the loop for as long as the state takes to be hashed.
    /// </summary>
    /// <returns>Null if the queue is closed.</returns>
    public ProofRequest? RequestProof()
    {
        lock (_gate)
        {
            if (_waiting is { Answer.Task.IsCompleted: false })
                return _waiting;
            var asked = new ProofRequest();
            return queue.TryAddControl(asked) ? _waiting = asked : null;
        }
    }
}

/// <summary>
/// A command that enters while its shard closes is safe: a queue that is closed refuses it, and the fence stops one that was taken. A shard
/// is open while this node leads it and has recovered.
/// </summary>
internal sealed class MatchingGate
{
    private readonly MatchingSession?[] _sessions = new MatchingSession?[Shards.Maximum];

    public MatchingSession? Session(int shard) => (uint)shard < (uint)_sessions.Length ? Volatile.Read(ref _sessions[shard]) : null;

    public void Open(int shard, MatchingSession opened) => Volatile.Write(ref _sessions[shard], opened);

    public void Close(int shard, CommandQueue queue)
    {
        if (Session(shard)?.Queue == queue)
            Volatile.Write(ref _sessions[shard], null);
    }

    public async Task<StateDigest?> ProveAsync(int shard, CancellationToken cancellationToken) =>
        Session(shard)?.RequestProof() is { } proof ? await proof.Answer.Task.WaitAsync(cancellationToken) : null;
}

/// <summary>
/// One logical thread owns the engine, so it needs no locks. While batch N is being committed, batch N + 1 is matched in memory: a commit's
/// round trip costs latency, not throughput. Any failure ends the term, and the next one is rebuilt from the journal.
/// </summary>
internal sealed class MatchingLoop(
    Lease lease,
    CommandQueue queue,
    BatchMatcher matcher,
    BatchCommitter committer,
    SnapshotWriter snapshots
)
{
    public int OpenOrders => matcher.Sequencer.Orders.Count;

    public long CommittedSequence => committer.CommittedSequence;

    /// <summary>On return every command that was matched is committed or refused, so that no caller waits for its timeout.</summary>
    public async Task RunAsync()
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(lease.Lost, lease.Stopping, committer.Failed);
        var committing = Task.CompletedTask;
        try
        {
            while (true)
            {
                await queue.WaitAsync(ending.Token);
                var items = queue.Take();
                try
                {
                    if (snapshots.IsDue(matcher.Sequencer.Sequence) || items.Exists(item => item is ProofRequest))
                    {
                        await committing;
                        BetweenBatches(items);
                    }

                    var batch = await matcher.MatchAsync(items, committing, ending.Token);
                    await committing;
                    committing = committer.CommitAsync(batch);
                }
                catch
                {
                    // These were taken from the queue and perhaps matched, but certainly never sent to Postgres, so a refusal is true.
                    items.ForEach(queue.Refuse);
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
            queue.Close();
            await committing;
        }
    }

    /// <summary>Snapshots and proofs need an engine that equals the journal, which it does only between two batches.</summary>
    private void BetweenBatches(List<WorkItem> items)
    {
        var sequencer = matcher.Sequencer;
        if (snapshots.IsDue(sequencer.Sequence))
            snapshots.Begin(sequencer);
        foreach (var proof in items.OfType<ProofRequest>())
            proof.Answer.TrySetResult(new StateDigest(lease.Term.NodeId, lease.Term.Epoch, sequencer.Sequence, sequencer.StateHash));
    }
}

/// <summary>
/// From a match until its commit, memory is ahead of the journal by this batch, so nothing of it may be seen by a caller.
/// </summary>
internal sealed class BatchMatcher(
    Sequencer sequencer,
    IJournal journal,
    FailedCommands failures,
    OrderLifeWatch orderLife,
    JournalTimeWatch journalTime,
    long epoch,
    TimeProvider clock
)
{
    private Sequencer _sequencer = sequencer;
    private long _lastMarketLook;

    /// <summary>Rebuilt after each command that failed, because the failure leaves its state unusable.</summary>
    public Sequencer Sequencer => Volatile.Read(ref _sequencer);

    /// <summary>
    /// A command that cannot be applied costs a rebuild of the sequencer, but no other command of the batch is refused because of it.
    /// </summary>
    public async Task<JournalBatch> MatchAsync(List<WorkItem> items, Task committing, CancellationToken ending)
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
                Volatile.Write(ref _sequencer, await failures.QuarantineAsync(failure, ending));
                // The failed batch may have listed markets; read them again, since nothing of it was committed.
                _lastMarketLook = 0;
            }
        }
    }

    private async Task<JournalBatch> MatchAsync(List<WorkItem> items, CancellationToken ending)
    {
        using var lookUp = BatchTrace.StartLookUp(items);
        var changing = await MarketsToChangeAsync(ending);
        var known = await journal.FindAsync([.. items.OfType<QueuedCommand>()], ending);
        var batch = _sequencer.Match(items, known, changing, epoch, clock);
        orderLife.Saw(known.OrderLife, batch.AcceptedAt);
        journalTime.Saw(_sequencer.Time.Ahead, _sequencer.Time.IsDoubted);
        return batch;
    }

    private async Task<IReadOnlyList<Market>> MarketsToChangeAsync(CancellationToken ending)
    {
        if (clock.GetElapsedTime(_lastMarketLook) < MatchingLimits.TickInterval)
            return [];
        _lastMarketLook = clock.GetTimestamp();
        return await journal.MarketsToChangeAsync(ending);
    }
}

/// <summary>Commits, answers, publishes, in this order: neither an answer nor a message may be lost with a failover.</summary>
internal sealed class BatchCommitter(
    Lease lease,
    IJournal journal,
    Publisher publisher,
    MatchingMetrics metrics,
    TimeProvider clock,
    long committedSequence
)
{
    private readonly CancellationTokenSource _failed = new();
    private NpgsqlLogSequenceNumber _committedLsn;
    private long _committedSequence = committedSequence;

    public long CommittedSequence => Volatile.Read(ref _committedSequence);

    /// <summary>Cancelled when a commit failed: memory is then ahead of the journal, and the term must end.</summary>
    public CancellationToken Failed => _failed.Token;

    public async Task CommitAsync(JournalBatch batch)
    {
        try
        {
            var committed = new Committed(_committedLsn, []);
            if (batch.Commands.Count > 0)
            {
                using var span = batch.Trace?.StartCommit(batch.Commands.Count);
                var started = clock.GetTimestamp();
                committed = await journal.CommitAsync(lease.Term, batch);
                metrics.Committed(
                    publisher.Shard,
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
            Fail(batch, error is InDoubtException);
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

    /// <summary>Both kinds of refusal let the caller retry with the same request id: the journal has the answer.</summary>
    private void Fail(JournalBatch batch, bool inDoubt)
    {
        var (status, code) = inDoubt ? (ResultStatus.InDoubt, ProblemCodes.InDoubt) : (ResultStatus.NotLeader, ProblemCodes.NotLeader);
        if (inDoubt)
            metrics.CommitInDoubt();
        batch.Trace?.Failed(status, code);
        foreach (var (request, _) in batch.Answers)
            request.Answer.TrySetResult(new CommandResult(request.Command.RequestId, status, code, lease.Term.Epoch));
        _failed.Cancel();
    }
}
