using Foresight.Matching.Journal;
using Foresight.Matching.Leadership;
using Foresight.Matching.Orders;
using Foresight.Matching.Publishing;
using Foresight.Protocol;
using NpgsqlTypes;

namespace Foresight.Matching.Loop;

/// <summary>
/// Commits the matched batches of one term, one after the other. Commits, answers, publishes, in this order: neither an answer nor a
/// message may be lost with a failover.
/// </summary>
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

    /// <summary>
    /// Refuses a batch as in doubt or certainly not committed: the caller retries with the same request id, and the journal has the answer.
    /// </summary>
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
