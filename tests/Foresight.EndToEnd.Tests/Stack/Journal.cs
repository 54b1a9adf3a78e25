using Foresight.Matching.Engine;
using Npgsql;

namespace Foresight.EndToEnd.Tests.Stack;

public sealed record JournalEntry(long Sequence, long Epoch, Command Command, bool Accepted);

public sealed record JournalOrder(string Hash, long Sequence, long Epoch, long QuantityLots);

/// <summary>Reads Postgres directly, because it is the source of truth and the Api is under test.</summary>
public sealed class Journal(string connectionString) : IAsyncDisposable
{
    private readonly NpgsqlDataSource _database = NpgsqlDataSource.Create(connectionString);

    public async Task<long> LastSequenceAsync()
    {
        await using var command = _database.CreateCommand("SELECT coalesce(max(sequence), 0) FROM commands");
        return (long)(await command.ExecuteScalarAsync())!;
    }

    public async Task<IReadOnlyList<JournalEntry>> EntriesAfterAsync(long sequence)
    {
        await using var command = _database.CreateCommand(
            "SELECT sequence, epoch, payload, (result->>'status')::int = 0 FROM commands WHERE sequence > $1 ORDER BY sequence"
        );
        command.Parameters.AddWithValue(sequence);
        await using var reader = await command.ExecuteReaderAsync();
        var entries = new List<JournalEntry>();
        while (await reader.ReadAsync())
            entries.Add(
                new JournalEntry(
                    reader.GetInt64(0),
                    reader.GetInt64(1),
                    CommandCodec.Decode(reader.GetFieldValue<byte[]>(2)),
                    reader.GetBoolean(3)
                )
            );
        return entries;
    }

    /// <summary>
    /// Without those that the book refused, which have a row too, so that their hash is dead, and were acknowledged to no caller.
    /// </summary>
    public async Task<IReadOnlyDictionary<string, JournalOrder>> OrdersAfterAsync(long sequence)
    {
        await using var command = _database.CreateCommand(
            """
            SELECT '0x' || encode(order_hash, 'hex'), sequence, epoch, quantity_lots FROM orders WHERE sequence > $1 AND status < 5
            """
        );
        command.Parameters.AddWithValue(sequence);
        await using var reader = await command.ExecuteReaderAsync();
        var orders = new Dictionary<string, JournalOrder>(StringComparer.OrdinalIgnoreCase);
        while (await reader.ReadAsync())
            orders.Add(
                reader.GetString(0),
                new JournalOrder(reader.GetString(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3))
            );
        return orders;
    }

    public async Task<bool> AnyExpiredSinceAsync(DateTimeOffset moment)
    {
        await using var command = _database.CreateCommand(
            "SELECT EXISTS (SELECT FROM orders WHERE status = 4 AND to_timestamp(expiry) BETWEEN $1 AND now())"
        );
        command.Parameters.AddWithValue(moment);
        return (bool)(await command.ExecuteScalarAsync())!;
    }

    public ValueTask DisposeAsync() => _database.DisposeAsync();
}
