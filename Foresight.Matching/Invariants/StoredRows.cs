using Foresight.Matching.Engine;
using Foresight.Matching.Orders;
using Foresight.Protocol;
using Npgsql;

namespace Foresight.Matching.Invariants;

/// <param name="Kind">Stored beside the payload, so it may contradict it and is compared.</param>
internal readonly record struct StoredCommand(
    Position Position,
    CommandKind Kind,
    byte[] Payload,
    ResultStatus Answer,
    long AnswerEpoch,
    long AnswerSequence,
    bool KillsOrder
);

/// <summary>
/// Every read is in one repeatable-read transaction, so that a batch that commits in between does not look like a contradiction.
/// </summary>
internal sealed class StoredRows : IAsyncDisposable
{
    /// <summary>Limit on one read, in seconds: a server that stops answering must not hang the check.</summary>
    private const int TimeoutSeconds = 60;

    private readonly NpgsqlConnection _connection;
    private readonly NpgsqlTransaction _transaction;
    private readonly int _shard;

    private StoredRows(NpgsqlConnection connection, NpgsqlTransaction transaction, int shard) =>
        (_connection, _transaction, _shard) = (connection, transaction, shard);

    public static async Task<StoredRows> LookAsync(NpgsqlDataSource database, int shard, CancellationToken cancellationToken)
    {
        var connection = await database.OpenConnectionAsync(cancellationToken);
        var transaction = await connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, cancellationToken);
        var look = new StoredRows(connection, transaction, shard);
        await using var command = look.Command("SET TRANSACTION READ ONLY");
        await command.ExecuteNonQueryAsync(cancellationToken);
        return look;
    }

    public async ValueTask DisposeAsync()
    {
        await _transaction.DisposeAsync();
        await _connection.DisposeAsync();
    }

    public async Task<List<StoredCommand>> CommandsAsync(long from, long through, int limit, CancellationToken cancellationToken)
    {
        await using var command = Command(
            """
            SELECT epoch, sequence, request_id, accepted_at, kind, payload, (result->>'status')::int, (result->>'epoch')::bigint,
                (result->>'sequence')::bigint, coalesce(result->>'orderStatus' = 'rejected', false)
            FROM commands WHERE shard = $1 AND sequence >= $2 AND sequence <= $3 ORDER BY sequence LIMIT $4
            """,
            (short)_shard,
            from,
            through,
            limit
        );
        return await RowsAsync(
            command,
            row => new StoredCommand(
                new Position(row.GetInt64(0), row.GetInt64(1), row.GetGuid(2), row.GetDateTime(3)),
                (CommandKind)row.GetInt16(4),
                row.GetFieldValue<byte[]>(5),
                (ResultStatus)row.GetInt32(6),
                row.GetInt64(7),
                row.GetInt64(8),
                row.GetBoolean(9)
            ),
            cancellationToken
        );
    }

    public async Task<Dictionary<long, OrderFacts>> OrdersAsync(long[] ids, long first, long last, CancellationToken cancellationToken)
    {
        await using var command = Command(
            """
            SELECT order_id, market_id, account_id, outcome, is_buy, quantity_lots, sequence, epoch, price_ticks, filled_lots, status,
                updated_sequence, reduced_lots, purse
            FROM orders WHERE order_id = ANY($1) OR order_id BETWEEN $2 AND $3
            """,
            ids,
            first,
            last
        );
        var rows = await RowsAsync(
            command,
            row =>
                (
                    Id: row.GetInt64(0),
                    Facts: new OrderFacts(
                        row.GetInt32(1),
                        row.GetInt32(2),
                        (byte)row.GetInt16(3),
                        row.GetBoolean(4),
                        row.GetInt64(5),
                        row.GetInt64(6),
                        row.GetInt64(7),
                        row.GetInt32(8),
                        row.GetInt64(9),
                        (OrderStatus)row.GetInt16(10),
                        row.GetInt64(11),
                        (Purse)row.GetInt16(13),
                        row.GetInt64(12)
                    )
                ),
            cancellationToken
        );
        return rows.ToDictionary(row => row.Id, row => row.Facts);
    }

    public async Task<Dictionary<long, TradeFacts>> TradesAsync(long first, long last, CancellationToken cancellationToken)
    {
        await using var command = Command(
            """
            SELECT trade_id, market_id, kind, quantity_lots, taker_outcome, taker_is_buy, taker_price_ticks, sequence, epoch, firm
            FROM trades WHERE trade_id BETWEEN $1 AND $2
            """,
            first,
            last
        );
        var rows = await RowsAsync(
            command,
            row =>
                (
                    Id: row.GetInt64(0),
                    Facts: new TradeFacts(
                        row.GetInt32(1),
                        (TradeKind)row.GetInt16(2),
                        row.GetInt64(3),
                        (byte)row.GetInt16(4),
                        row.GetBoolean(5),
                        row.GetInt32(6),
                        row.GetInt64(7),
                        row.GetInt64(8),
                        row.GetBoolean(9)
                    )
                ),
            cancellationToken
        );
        return rows.ToDictionary(row => row.Id, row => row.Facts);
    }

    public async Task<Dictionary<(long Trade, byte Leg), FillFacts>> FillsAsync(long first, long last, CancellationToken cancellationToken)
    {
        await using var command = Command(
            """
            SELECT trade_id, leg, order_id, account_id, outcome, is_buy, price_ticks, quantity_lots, is_taker, purse
            FROM fills WHERE trade_id BETWEEN $1 AND $2
            """,
            first,
            last
        );
        var rows = await RowsAsync(
            command,
            row =>
                (
                    Key: (row.GetInt64(0), (byte)row.GetInt16(1)),
                    Facts: new FillFacts(
                        row.GetInt64(2),
                        row.GetInt32(3),
                        (byte)row.GetInt16(4),
                        row.GetBoolean(5),
                        row.GetInt32(6),
                        row.GetInt64(7),
                        row.GetBoolean(8),
                        (Purse)row.GetInt16(9)
                    )
                ),
            cancellationToken
        );
        return rows.ToDictionary(row => row.Key, row => row.Facts);
    }

    /// <summary>Unix seconds; tombstones that had ended by then may have been removed.</summary>
    public async Task<long> TombstonesKeptSinceAsync(CancellationToken cancellationToken)
    {
        await using var command = Command("SELECT extract(epoch FROM applied_at)::bigint FROM schema_versions WHERE version = 22");
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    public async Task<Dictionary<long, TombstoneFacts>> TombstonesAsync(long first, long last, CancellationToken cancellationToken)
    {
        await using var command = Command(
            """
            SELECT t.sequence, t.market_id, a.account_id, t.salt_tag, t.epoch, t.met_order, extract(epoch FROM t.until)::bigint
            FROM salt_tombstones t JOIN accounts a ON a.address = t.maker WHERE t.shard = $1 AND t.sequence BETWEEN $2 AND $3
            """,
            (short)_shard,
            first,
            last
        );
        var rows = await RowsAsync(
            command,
            row =>
                (
                    Sequence: row.GetInt64(0),
                    Facts: new TombstoneFacts(
                        row.GetInt32(1),
                        row.GetInt32(2),
                        (ulong)row.GetInt64(3),
                        row.GetInt64(4),
                        row.GetBoolean(5),
                        row.GetInt64(6)
                    )
                ),
            cancellationToken
        );
        return rows.ToDictionary(row => row.Sequence, row => row.Facts);
    }

    public async Task<List<long>> StillOpenAsync(long[] trades, CancellationToken cancellationToken)
    {
        await using var command = Command("SELECT trade_id FROM trades WHERE trade_id = ANY($1) AND NOT closed", trades);
        return await RowsAsync(command, row => row.GetInt64(0), cancellationToken);
    }

    public async Task<Dictionary<BalanceKey, (Holding Holding, long Changed)>> BalancesAsync(
        IReadOnlyCollection<BalanceKey> keys,
        CancellationToken cancellationToken
    )
    {
        await using var command = Command(
            """
            SELECT b.account_id, b.market_id, b.outcome, b.owned, b.order_hold, b.trade_hold, b.updated_sequence, b.purse
            FROM unnest($1, $2, $3, $5) k(account, market, outcome, purse)
            JOIN balances b ON b.account_id = k.account AND b.market_id = k.market AND b.outcome = k.outcome AND b.shard = $4
                AND b.purse = k.purse
            """,
            keys.Select(key => key.Account).ToArray(),
            keys.Select(key => key.Market).ToArray(),
            keys.Select(key => (short)key.Outcome).ToArray(),
            (short)_shard,
            keys.Select(key => (short)key.Purse).ToArray()
        );
        var rows = await RowsAsync(
            command,
            row =>
                (
                    Key: new BalanceKey(row.GetInt32(0), row.GetInt32(1), (byte)row.GetInt16(2), (Purse)row.GetInt16(7)),
                    Value: (new Holding(row.GetInt64(3), row.GetInt64(4), row.GetInt64(5)), row.GetInt64(6))
                ),
            cancellationToken
        );
        return rows.ToDictionary(row => row.Key, row => row.Value);
    }

    public async Task<Dictionary<long, string>> SnapshotHashesAsync(long after, long through, CancellationToken cancellationToken)
    {
        await using var command = Command(
            "SELECT sequence, state_hash FROM snapshots WHERE shard = $1 AND sequence > $2 AND sequence <= $3",
            (short)_shard,
            after,
            through
        );
        return (await RowsAsync(command, row => (row.GetInt64(0), row.GetString(1)), cancellationToken)).ToDictionary();
    }

    public async Task<(long OpenOrders, long OpenTrades, long LastOrder, long LastTrade)> TotalsAsync(
        long first,
        long last,
        CancellationToken cancellationToken
    )
    {
        await using var command = Command(
            """
            SELECT (SELECT count(*) FROM orders WHERE status IN (0, 1) AND shard = $1),
                (SELECT count(*) FROM trades WHERE NOT closed AND shard = $1),
                   (SELECT coalesce(max(order_id), 0) FROM orders WHERE order_id BETWEEN $2 AND $3),
                   (SELECT coalesce(max(trade_id), 0) FROM trades WHERE trade_id BETWEEN $2 AND $3)
            """,
            (short)_shard,
            first,
            last
        );
        return (await RowsAsync(command, row => (row.GetInt64(0), row.GetInt64(1), row.GetInt64(2), row.GetInt64(3)), cancellationToken))[
            0
        ];
    }

    public async Task<List<string>> SentencesAsync(string sql, CancellationToken cancellationToken)
    {
        await using var command = Command(sql);
        return await RowsAsync(command, row => row.GetString(0), cancellationToken);
    }

    private NpgsqlCommand Command(string sql, params ReadOnlySpan<object> values)
    {
        var command = new NpgsqlCommand(sql, _connection, _transaction) { CommandTimeout = TimeoutSeconds };
        foreach (var value in values)
            command.Parameters.AddWithValue(value);
        return command;
    }

    private static async Task<List<T>> RowsAsync<T>(
        NpgsqlCommand command,
        Func<NpgsqlDataReader, T> read,
        CancellationToken cancellationToken
    )
    {
        var rows = new List<T>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            rows.Add(read(reader));
        return rows;
    }
}
