using Foresight.Matching.Leadership;
using Npgsql;
using NpgsqlTypes;

namespace Foresight.Matching.Pipeline;

/// <summary>An owner's side of a trade that settled or was bust.</summary>
internal readonly record struct ClosedFill(long TradeId, byte[] Owner, byte[] OrderHash, int Market, int PriceTicks, long Lots, bool IsTaker, bool Settled, string? Reason);

/// <summary>What is known after a commit.</summary>
/// <param name="Lsn">A server that has replayed up to here shows the batch.</param>
internal sealed record Committed(NpgsqlLogSequenceNumber Lsn, IReadOnlyList<ClosedFill> ClosedFills);

/// <summary>Commits batches: one round trip, one implicit transaction, the fence first.</summary>
internal sealed class JournalWriter(NpgsqlDataSource database, int shard)
{
    /// <summary>Commits the batch. A deadlock (with settlement's updates of the same trades) is certain and passes, so it is tried once more.</summary>
    /// <exception cref="PostgresException">Certainly not committed; the fence's refusal is one of these.</exception>
    /// <exception cref="InDoubtException">Nobody knows.</exception>
    public async Task<Committed> CommitAsync(Term term, JournalBatch rows)
    {
        try
        {
            return await CommitOnceAsync(term, rows);
        }
        catch (PostgresException error) when (error.SqlState is PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure)
        {
            return await CommitOnceAsync(term, rows);
        }
    }

    private async Task<Committed> CommitOnceAsync(Term term, JournalBatch rows)
    {
        await using var connection = await OpenAsync();
        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(Fence.Assert(term));
        JournalStatements.AddTo(batch.BatchCommands, rows, term.Epoch, shard);
        // Ends the implicit transaction: what follows is read after the commit, and still in the same round trip.
        batch.BatchCommands[^1].AppendErrorBarrier = true;
        var writes = batch.BatchCommands.Count;
        batch.BatchCommands.Add(new NpgsqlBatchCommand("SELECT pg_current_wal_insert_lsn()"));
        if (rows.ClosedTrades.Count > 0) batch.BatchCommands.Add(JournalStatements.ClosedFills(rows));
        try
        {
            return await ExecuteAsync(batch, rows);
        }
        catch (PostgresException error) when (IsCertain(error, batch, writes))
        {
            throw;
        }
        catch (Exception error) when (error is NpgsqlException or TimeoutException or OperationCanceledException or IOException)
        {
            throw new InDoubtException(error);
        }
    }

    /// <summary>Without a connection nothing was sent, so this failure is certain.</summary>
    private async Task<NpgsqlConnection> OpenAsync() => await database.OpenConnectionAsync();

    private static async Task<Committed> ExecuteAsync(NpgsqlBatch batch, JournalBatch rows)
    {
        await using var reader = await batch.ExecuteReaderAsync();
        // The fence's row is the first result; the writes have none.
        await reader.NextResultAsync();
        await reader.ReadAsync();
        var lsn = reader.GetFieldValue<NpgsqlLogSequenceNumber>(0);
        if (rows.ClosedTrades.Count == 0) return new Committed(lsn, []);

        var closed = rows.ClosedTrades.ToDictionary(one => one.Trade.Value);
        var fills = new List<ClosedFill>();
        await reader.NextResultAsync();
        while (await reader.ReadAsync())
            fills.Add(new ClosedFill(
                reader.GetInt64(0), reader.GetFieldValue<byte[]>(1), reader.GetFieldValue<byte[]>(2), reader.GetInt32(3), reader.GetInt32(4),
                reader.GetInt64(5), reader.GetBoolean(6), closed[reader.GetInt64(0)].Settled, closed[reader.GetInt64(0)].Reason));
        return new Committed(lsn, fills);
    }

    /// <summary>
    /// An ERROR in one of the transaction's own statements rolled it back. A FATAL (the session was ended) may have come after the commit,
    /// and so may an error of what is read after it.
    /// </summary>
    private static bool IsCertain(PostgresException error, NpgsqlBatch batch, int writes)
    {
        if (error.InvariantSeverity != "ERROR" || error.BatchCommand is not { } failed) return false;
        for (var i = 0; i < writes; i++)
            if (ReferenceEquals(batch.BatchCommands[i], failed)) return true;
        return false;
    }
}
