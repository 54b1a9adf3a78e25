using System.Text.Json;
using Foresight.Chain;
using Foresight.Contracts;
using Npgsql;
using NpgsqlTypes;

namespace Foresight.Matching.Pipeline;

/// <summary>What the journal already knew of a batch of requests when it was asked.</summary>
internal sealed class Known
{
    public Dictionary<Guid, DoorResult> Requests { get; } = [];
    public HashSet<Hash32> Orders { get; } = [];
    public Dictionary<(Address Maker, string Key), Hash32> IdempotencyKeys { get; } = [];

    /// <summary>The database's clock: one clock for all leaders, whatever their own say.</summary>
    public DateTime Now { get; set; }

    /// <summary>Everything that was seen is in the log up to here.</summary>
    public NpgsqlLogSequenceNumber Lsn { get; set; }
}

/// <summary>
/// Asks the journal, in one round trip per batch, which requests, orders and idempotency keys it knows. This is what makes a retry harmless
/// on any node at any time.
/// </summary>
internal sealed class KnownRequests(NpgsqlDataSource database)
{
    public async Task<Known> FindAsync(IReadOnlyList<Request> requests, CancellationToken cancellation)
    {
        var places = requests.Where(request => request.Command.Kind == DoorCommandKind.Place).ToList();
        var keyed = places.Where(request => request.Command.Order!.IdempotencyKey is not null).ToList();

        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(new NpgsqlBatchCommand("SELECT request_id, result FROM commands WHERE request_id = ANY($1)")
        {
            Parameters = { new() { Value = requests.Select(request => request.Command.RequestId).ToArray() } },
        });
        batch.BatchCommands.Add(new NpgsqlBatchCommand("SELECT order_hash FROM orders WHERE order_hash = ANY($1)")
        {
            Parameters = { new() { Value = places.Select(place => place.OrderHash.ToBytes()).ToArray() } },
        });
        batch.BatchCommands.Add(new NpgsqlBatchCommand(
            """
            SELECT a.address, o.idempotency_key, o.order_hash
            FROM unnest($1::bytea[], $2::text[]) k(address, key)
            JOIN accounts a ON a.address = k.address
            JOIN orders o ON o.account_id = a.account_id AND o.idempotency_key = k.key
            """)
        {
            Parameters =
            {
                new() { Value = keyed.Select(place => place.Account.ToBytes()).ToArray() },
                new() { Value = keyed.Select(place => place.Command.Order!.IdempotencyKey!).ToArray() },
            },
        });
        // Last, so that the position covers the rows that were read before it.
        batch.BatchCommands.Add(new NpgsqlBatchCommand("SELECT clock_timestamp(), pg_current_wal_insert_lsn()"));
        return await ReadAsync(batch, cancellation);
    }

    private static async Task<Known> ReadAsync(NpgsqlBatch batch, CancellationToken cancellation)
    {
        var known = new Known();
        await using var reader = await batch.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
            known.Requests[reader.GetGuid(0)] = JsonSerializer.Deserialize<DoorResult>(reader.GetString(1), JsonSerializerOptions.Web)!;
        await reader.NextResultAsync(cancellation);
        while (await reader.ReadAsync(cancellation)) known.Orders.Add(new Hash32(reader.GetFieldValue<byte[]>(0)));
        await reader.NextResultAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
            known.IdempotencyKeys[(new Address(reader.GetFieldValue<byte[]>(0)), reader.GetString(1))] = new Hash32(reader.GetFieldValue<byte[]>(2));
        await reader.NextResultAsync(cancellation);
        await reader.ReadAsync(cancellation);
        known.Now = reader.GetDateTime(0);
        known.Lsn = reader.GetFieldValue<NpgsqlLogSequenceNumber>(1);
        return known;
    }
}
