using Foresight.Matching.Leadership;
using Npgsql;
using NpgsqlTypes;

namespace Foresight.Matching.Journal;

/// <summary>An owner's side of a trade that settled or was bust.</summary>
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

/// <summary>What is known after a commit.</summary>
/// <param name="Lsn">A server that has replayed up to here shows the batch.</param>
internal sealed record Committed(NpgsqlLogSequenceNumber Lsn, IReadOnlyList<ClosedFill> ClosedFills);

/// <summary>Commits batches: one round trip, one transaction, the fence first. Knows what a failure is worth.</summary>
internal sealed class JournalWriter(IJournal journal)
{
    /// <summary>
    /// Commits the batch. A deadlock (with settlement's updates of the same trades) is certain and passes, so it is tried once more.
    /// </summary>
    /// <exception cref="PostgresException">Certainly not committed; the fence's refusal is one of these.</exception>
    /// <exception cref="InDoubtException">Nobody knows.</exception>
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
    /// Without a connection nothing was sent. An ERROR in one of the transaction's own steps rolled it back. A FATAL (the session was
    /// ended) may have come after the commit, and so may an error of what is read after it.
    /// </summary>
    private static bool IsCertain(JournalTransaction transaction) =>
        transaction.TryGiveUp() || transaction.FailedStep is { IsBeforeCommit: true };
}
