using Foresight.Matching.Leadership;
using Npgsql;
using NpgsqlTypes;

namespace Foresight.Matching.Journal;

/// <summary>One owner's side of a trade that settled or went bust, for the message to that owner.</summary>
internal readonly record struct ClosedFill(
    long TradeId,
    byte[] Owner,
    byte[] OrderHash,
    int Market,
    int PriceTicks,
    long Lots,
    bool IsTaker,
    bool Settled,
    string? Reason
);

/// <summary>The result of a commit.</summary>
/// <param name="Lsn">WAL position of the commit: a replica that has replayed up to here shows the batch.</param>
internal sealed record Committed(NpgsqlLogSequenceNumber Lsn, IReadOnlyList<ClosedFill> ClosedFills);

/// <summary>
/// Commits batches, each in one round trip and one transaction with the fence first, and classifies failures: certainly not committed, or
/// in doubt.
/// </summary>
internal sealed class JournalWriter(IJournal journal)
{
    /// <summary>
    /// Commits the batch. A deadlock (with settlement's updates of the same trades) rolls the transaction back for certain and is
    /// transient, so it is retried once.
    /// </summary>
    /// <exception cref="PostgresException">The batch is certainly not committed; a refusal by the fence is one of these.</exception>
    /// <exception cref="InDoubtException">The batch may or may not be committed.</exception>
    public async Task<Committed> CommitAsync(Term term, JournalBatch rows)
    {
        try
        {
            return await CommitOnceAsync(term, rows);
        }
        catch (PostgresException error)
            when (error.SqlState is PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure)
        {
            return await CommitOnceAsync(term, rows);
        }
    }

    private async Task<Committed> CommitOnceAsync(Term term, JournalBatch rows)
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
