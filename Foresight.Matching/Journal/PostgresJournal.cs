using System.Runtime.CompilerServices;
using Foresight.Chain;
using Foresight.Matching.Engine;
using Foresight.Matching.Leadership;
using Foresight.Matching.Orders;
using Foresight.Matching.Sharding;
using Npgsql;
using NpgsqlTypes;

namespace Foresight.Matching.Journal;

internal sealed class PostgresJournal : IJournal
{
    /// <summary>
    /// Limit on the wait for the next part of a result, in seconds. Not a limit on the whole: a rebuild reads as many rows as there are.
    /// </summary>
    private const int RebuildTimeoutSeconds = 60;

    private readonly NpgsqlDataSource _database;
    private readonly int _shard;
    private readonly HashSet<Address>? _numbered;
    private readonly DuplicateLookup _lookup;

    /// <param name="sharesAccounts">True with several shards: account ids then come from a table that all of them number from.</param>
    public PostgresJournal(NpgsqlDataSource database, int shard, bool sharesAccounts = false)
    {
        (_database, _shard) = (database, shard);
        _numbered = sharesAccounts ? [] : null;
        _lookup = new DuplicateLookup(database, shard, _numbered);
    }

    public Task<LookupResult> FindAsync(IReadOnlyList<QueuedCommand> requests, CancellationToken cancellationToken) =>
        RoundTrip.WithinAsync(RoundTrip.Limit, cancellationToken, () => _lookup.FindAsync(requests, CancellationToken.None));

    public Task<Committed> ExecuteAsync(JournalTransaction transaction) =>
        RoundTrip.WithinAsync(transaction.Timeout ?? RoundTrip.Limit, CancellationToken.None, () => SendAsync(transaction));

    private async Task<Committed> SendAsync(JournalTransaction transaction)
    {
        await using var connection = await _database.OpenConnectionAsync();
        if (!transaction.TrySend())
            throw new TimeoutException("The transaction was abandoned before a connection was available.");
        await using var batch = new NpgsqlBatch(connection);
        if (transaction.Timeout is { } timeout)
            batch.Timeout = (int)Math.Ceiling(timeout.TotalSeconds);
        var stepOf = new Dictionary<NpgsqlBatchCommand, JournalStep>();
        foreach (var step in transaction.Steps)
        {
            var first = batch.BatchCommands.Count;
            JournalStatements.AddTo(batch.BatchCommands, step, _shard);
            for (var i = first; i < batch.BatchCommands.Count; i++)
                stepOf.Add(batch.BatchCommands[i], step);
        }

        try
        {
            return await ReadBackAsync(batch, transaction);
        }
        catch (PostgresException error) when (error.InvariantSeverity == "ERROR" && error.BatchCommand is { } failed)
        {
            transaction.FailedStep = stepOf.GetValueOrDefault(failed);
            throw;
        }
    }

    public async IAsyncEnumerable<EngineSnapshot> SnapshotsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var command = Command(
            "SELECT sequence, state_hash, state FROM snapshots WHERE shard = $1 ORDER BY sequence DESC LIMIT $2"
        );
        command.Parameters.AddWithValue((short)_shard);
        command.Parameters.AddWithValue(MatchingLimits.SnapshotsKept);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            yield return new EngineSnapshot(reader.GetInt64(0), reader.GetString(1), reader.GetFieldValue<byte[]>(2));
    }

    public async IAsyncEnumerable<(long Sequence, byte[] Payload)> CommandsAsync(
        long from,
        long through,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        await using var command = Command(
            "SELECT sequence, payload FROM commands WHERE shard = $1 AND sequence >= $2 AND sequence <= $3 ORDER BY sequence"
        );
        command.Parameters.AddWithValue((short)_shard);
        command.Parameters.AddWithValue(from);
        command.Parameters.AddWithValue(through);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            yield return (reader.GetInt64(0), reader.GetFieldValue<byte[]>(1));
    }

    public async IAsyncEnumerable<(AccountId Id, Address Address)> AccountsAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        await using var command = Command("SELECT account_id, address FROM accounts ORDER BY account_id");
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var address = new Address(reader.GetFieldValue<byte[]>(1));
            _numbered?.Add(address);
            yield return (new(reader.GetInt32(0)), address);
        }
    }

    public async IAsyncEnumerable<LiveOrder> LiveOrdersAsync(
        Accounts accounts,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        await using var command = Command(
            """
            SELECT order_id, order_hash, account_id, market_id, outcome, is_buy, price_ticks, quantity_lots, filled_lots, expiry, status,
                reduced_lots
            FROM orders WHERE status IN (0, 1) AND shard = $1
            """
        );
        command.Parameters.AddWithValue((short)_shard);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var account = new AccountId(reader.GetInt32(2));
            yield return new LiveOrder
            {
                Id = new(reader.GetInt64(0)),
                Hash = new Hash32(reader.GetFieldValue<byte[]>(1)),
                Account = account,
                Owner = accounts[account],
                Market = new(reader.GetInt32(3)),
                Outcome = (byte)reader.GetInt16(4),
                Side = reader.GetBoolean(5) ? Side.Buy : Side.Sell,
                Price = new(reader.GetInt32(6)),
                Lots = reader.GetInt64(7),
                FilledLots = reader.GetInt64(8),
                ExpiresAt = reader.GetInt64(9),
                Status = (OrderStatus)reader.GetInt16(10),
                ReducedLots = reader.GetInt64(11),
            };
        }
    }

    public Task<List<Market>> MarketsAsync(bool listed, CancellationToken cancellationToken) =>
        RoundTrip.WithinAsync(RoundTrip.Limit, cancellationToken, () => ReadMarketsAsync(listed));

    private async Task<List<Market>> ReadMarketsAsync(bool listed)
    {
        await using var command = _database.CreateCommand(
            """
            SELECT market_id, cardinality(outcomes), tick_size, state, extract(epoch FROM closes_at)::bigint
            FROM markets WHERE shard = $1 AND (listed_sequence IS NOT NULL) = $2 ORDER BY market_id
            """
        );
        command.Parameters.AddWithValue((short)_shard);
        command.Parameters.AddWithValue(listed);
        await using var reader = await command.ExecuteReaderAsync();
        var markets = new List<Market>();
        while (await reader.ReadAsync())
            markets.Add(
                new Market
                {
                    Id = new(reader.GetInt32(0)),
                    Outcomes = (byte)reader.GetInt32(1),
                    TickSize = reader.GetInt32(2),
                    State = (MarketState)reader.GetInt16(3),
                    ClosesAt = reader.IsDBNull(4) ? null : reader.GetInt64(4),
                }
            );
        return markets;
    }

    public async IAsyncEnumerable<(Guid RequestId, DateTime Until)> FailedCommandsAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        await using var command = Command(
            "SELECT request_id, until FROM failed_commands WHERE shard = $1 AND until > clock_timestamp() ORDER BY until DESC LIMIT $2"
        );
        command.Parameters.AddWithValue((short)_shard);
        command.Parameters.AddWithValue(MatchingLimits.FailedCommands);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            yield return (reader.GetGuid(0), reader.GetDateTime(1));
    }

    public async IAsyncEnumerable<MinuteVolume> VolumesAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var command = Command(
            """
            SELECT market_id, (extract(epoch FROM executed_at)::bigint / 60) * 60 AS minute, sum(quantity_lots)::bigint,
                   sum(quantity_lots * taker_price_ticks)::bigint, count(*),
                   (array_agg(CASE WHEN taker_outcome = 0 THEN taker_price_ticks ELSE 10000 - taker_price_ticks END
                       ORDER BY trade_id DESC))[1]
            FROM trades WHERE shard = $1 AND executed_at > now() - interval '24 hours' GROUP BY 1, 2 ORDER BY 2
            """
        );
        command.Parameters.AddWithValue((short)_shard);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            yield return new MinuteVolume(
                new(reader.GetInt32(0)),
                reader.GetInt64(1),
                reader.GetInt64(2),
                reader.GetInt64(3),
                reader.GetInt64(4),
                reader.GetInt32(5)
            );
    }

    private static async Task<Committed> ReadBackAsync(NpgsqlBatch batch, JournalTransaction transaction)
    {
        await using var reader = await batch.ExecuteReaderAsync();
        if (transaction.Steps.OfType<JournalStep.ReadBack>().FirstOrDefault() is not { } back)
        {
            // Npgsql raises an error of a later statement only when its result is read.
            while (await reader.NextResultAsync()) { }
            return new Committed(default, []);
        }

        // The first result is the fence's row; the statements that write return none.
        await reader.NextResultAsync();
        await reader.ReadAsync();
        var lsn = reader.GetFieldValue<NpgsqlLogSequenceNumber>(0);
        if (back.Rows.ClosedTrades.Count == 0)
            return new Committed(lsn, []);

        var closed = back.Rows.ClosedTrades.ToDictionary(one => one.Trade.Value);
        var fills = new List<ClosedFill>();
        await reader.NextResultAsync();
        while (await reader.ReadAsync())
            fills.Add(
                new ClosedFill(
                    reader.GetInt64(0),
                    reader.GetFieldValue<byte[]>(1),
                    reader.GetFieldValue<byte[]>(2),
                    reader.GetInt32(3),
                    reader.GetInt32(4),
                    reader.GetInt64(5),
                    reader.GetBoolean(6),
                    closed[reader.GetInt64(0)].Settled,
                    closed[reader.GetInt64(0)].Reason
                )
            );
        return new Committed(lsn, fills);
    }

    /// <summary>Creates a command that reads without a limit on rows: only a server that stops answering ends it.</summary>
    private NpgsqlCommand Command(string sql)
    {
        var command = _database.CreateCommand(sql);
        command.CommandTimeout = RebuildTimeoutSeconds;
        return command;
    }
}

internal sealed class PostgresJournals(ShardOptions shards) : IJournals
{
    public IJournal Open(Lease lease, int shard) => new PostgresJournal(lease.Database, shard, sharesAccounts: shards.Count > 1);
}
