using Foresight.Matching.Leadership;
using Npgsql;

namespace Foresight.Matching.Journal;

internal abstract record JournalStep
{
    /// <summary>True if an error in this step rolls the transaction back, so that certainly nothing of it is committed.</summary>
    public virtual bool IsBeforeCommit => true;

    /// <summary>
    /// The fence. Fails the transaction if the term has ended, and locks the row so that the term cannot end before the transaction does.
    /// </summary>
    /// <param name="After">
    /// Sequence at which the journal must end, or the transaction fails. A replica promoted before it received the last batches still names
    /// this term, and a batch must not be written without those before it. Null: no such check.
    /// </param>
    public sealed record AssertTerm(Term Term, long? After = null) : JournalStep;

    public sealed record WriteRows(JournalBatch Rows, long Epoch) : JournalStep;

    public sealed record StoreSnapshot(EngineSnapshot Snapshot, long Epoch) : JournalStep;

    /// <summary>
    /// Records that a command failed and deletes records that are past their retention. The command itself has no effect.
    /// </summary>
    public sealed record StoreFailure(FailedCommand Failed, long Epoch) : JournalStep;

    /// <summary>
    /// Commits. The steps after it run outside the transaction and read committed state, so an error in one of them undoes nothing.
    /// </summary>
    public sealed record Commit : JournalStep;

    public sealed record ReadBack(JournalBatch Rows) : JournalStep
    {
        public override bool IsBeforeCommit => false;
    }
}

internal sealed class JournalTransaction(params IReadOnlyList<JournalStep> steps)
{
    public IReadOnlyList<JournalStep> Steps => steps;

    /// <summary>Limit on the wait for the answer. Null: the command timeout of the term's sessions.</summary>
    public TimeSpan? Timeout { get; init; }

    private const int Waiting = 0;
    private const int IsSent = 1;
    private const int IsGivenUp = 2;

    private int _state;

    /// <summary>
    /// Marks the transaction as sent, once a connection is available: from here on its outcome may be unknown. False if it was abandoned
    /// before, and then it must not be sent.
    /// </summary>
    public bool TrySend() => Interlocked.CompareExchange(ref _state, IsSent, Waiting) == Waiting;

    /// <summary>
    /// Abandons the transaction. True if it was not sent and never will be, so it has certainly no effect. Needed because the wait for a
    /// connection can outlast the wait for the whole.
    /// </summary>
    public bool TryGiveUp() => Interlocked.CompareExchange(ref _state, IsGivenUp, Waiting) != IsSent;

    /// <summary>The step that the server rejected with an ERROR. Null if there was none, or if the server did not identify it.</summary>
    public JournalStep? FailedStep { get; set; }
}

internal sealed record EngineSnapshot(long Sequence, string StateHash, byte[] State);

/// <param name="Command">The command as received, in JSON.</param>
/// <param name="Until">End of the quarantine by the database's clock; no leader retries the command before.</param>
internal sealed record FailedCommand(Guid RequestId, string Command, string Reason, DateTime Until);

/// <summary>
/// Commits batches, each in one round trip and one transaction with the fence first, and classifies failures: certainly not committed, or
/// in doubt.
/// </summary>
internal static class JournalCommit
{
    /// <summary>
    /// Commits the batch. A deadlock (with settlement's updates of the same trades) rolls the transaction back for certain and is
    /// transient, so it is retried once.
    /// </summary>
    /// <exception cref="PostgresException">The batch is certainly not committed; a refusal by the fence is one of these.</exception>
    /// <exception cref="InDoubtException">The batch may or may not be committed.</exception>
    public static async Task<Committed> CommitAsync(this IJournal journal, Term term, JournalBatch rows)
    {
        try
        {
            return await CommitOnceAsync(journal, term, rows);
        }
        catch (PostgresException error)
            when (error.SqlState is PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure)
        {
            return await CommitOnceAsync(journal, term, rows);
        }
    }

    private static async Task<Committed> CommitOnceAsync(IJournal journal, Term term, JournalBatch rows)
    {
        var transaction = new JournalTransaction(
            new JournalStep.AssertTerm(term, After: rows.Commands.Count == 0 ? null : rows.Commands[0].Command.Sequence - 1),
            new JournalStep.WriteRows(rows, term.Epoch),
            new JournalStep.Commit(),
            new JournalStep.ReadBack(rows)
        );
        try
        {
            return await journal.ExecuteAsync(transaction);
        }
        catch (PostgresException) when (IsCertain(transaction))
        {
            throw;
        }
        catch (Exception error)
            when (!transaction.TryGiveUp() && error is NpgsqlException or TimeoutException or OperationCanceledException or IOException)
        {
            throw new InDoubtException(error);
        }
    }

    /// <summary>
    /// True if the transaction is certainly not committed. Without a connection nothing was sent, and an ERROR in one of the transaction's
    /// own steps rolled it back. A FATAL (the session was terminated) may have come after the commit, and so may an error of a step that
    /// reads after it.
    /// </summary>
    private static bool IsCertain(JournalTransaction transaction) =>
        transaction.TryGiveUp() || transaction.FailedStep is { IsBeforeCommit: true };
}
