using Foresight.Chain;
using Foresight.Exchange;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Foresight.Matching.Pipeline;

/// <summary>The journal contradicts itself. Nothing can be built on it before somebody has looked.</summary>
internal sealed class JournalBrokenException(string message) : Exception(message);

/// <summary>
/// Rebuilds the desk from Postgres: the newest snapshot that can be read, the commands after it, and the tables of what the engine does not
/// know. Run under the new term, when nobody else can write any more.
/// </summary>
internal sealed partial class Recovery(NpgsqlDataSource database, int shard, ILogger logger)
{
    /// <summary>Bound on the wait for the next part of a result.</summary>
    private const int RebuildTimeoutSeconds = 60;

    /// <summary>Restores the whole desk for the node that will lead.</summary>
    public async Task<Desk> RebuildAsync(CancellationToken cancellation)
    {
        var engine = await FromSnapshotAsync(cancellation) ?? new ExchangeEngine(shard);
        var from = engine.Sequence;
        var lastAcceptedAt = await ReplayAsync(engine, through: long.MaxValue, cancellation);
        Log.Replayed(logger, from, engine.Sequence);

        var accounts = await AccountsAsync(cancellation);
        var orders = await OrdersAsync(accounts, cancellation);
        var markets = await MarketsAsync(listed: true, cancellation);
        foreach (var unlisted in markets.Where(market => !engine.HasMarket(market.Id)))
            throw new JournalBrokenException($"Market {unlisted.Id.Value} is listed in the table and not in the journal.");
        var desk = new Desk(engine, accounts, orders, markets.ToDictionary(market => market.Id), lastAcceptedAt);
        await StatsAsync(desk, cancellation);
        return desk;
    }

    /// <summary>From the journal alone, up to a sequence: the proof that snapshots and tables add nothing.</summary>
    public async Task<ExchangeEngine> ReplayAllAsync(long through, CancellationToken cancellation)
    {
        var engine = new ExchangeEngine(shard);
        await ReplayAsync(engine, through, cancellation);
        return engine;
    }

    /// <summary>Markets that were (or were not yet) listed by a command.</summary>
    public async Task<List<Market>> MarketsAsync(bool listed, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            SELECT market_id, cardinality(outcomes), tick_size, state, extract(epoch FROM closes_at)::bigint
            FROM markets WHERE shard = $1 AND (listed_sequence IS NOT NULL) = $2 ORDER BY market_id
            """);
        command.Parameters.AddWithValue((short)shard);
        command.Parameters.AddWithValue(listed);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var markets = new List<Market>();
        while (await reader.ReadAsync(cancellation))
            markets.Add(new Market
            {
                Id = new(reader.GetInt32(0)), Outcomes = (byte)reader.GetInt32(1), TickSize = reader.GetInt32(2), State = (MarketState)reader.GetInt16(3),
                ClosesAt = reader.IsDBNull(4) ? null : reader.GetInt64(4),
            });
        return markets;
    }

    private async Task<ExchangeEngine?> FromSnapshotAsync(CancellationToken cancellation)
    {
        await using var command = Command(
            "SELECT sequence, state_hash, state FROM snapshots WHERE shard = $1 ORDER BY sequence DESC LIMIT $2");
        command.Parameters.AddWithValue((short)shard);
        command.Parameters.AddWithValue(PipelineLimits.SnapshotsKept);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            var (sequence, expected) = (reader.GetInt64(0), reader.GetString(1));
            try
            {
                var engine = ExchangeEngine.Restore(reader.GetFieldValue<byte[]>(2));
                if (engine.Sequence == sequence && Desk.Format(engine.StateHash()) == expected) return engine;
                Log.SnapshotDiffers(logger, sequence);
            }
            catch (FormatException error)
            {
                // Of another version: the journal has everything, it takes longer.
                Log.SnapshotUnreadable(logger, sequence, error.Message);
            }
        }

        return null;
    }

    /// <returns>The last command's stamp; 0 if there is none.</returns>
    private async Task<long> ReplayAsync(ExchangeEngine engine, long through, CancellationToken cancellation)
    {
        var from = engine.Sequence;
        // The one at the snapshot is read as well, for its stamp.
        await using var command = Command(
            "SELECT sequence, payload FROM commands WHERE shard = $1 AND sequence >= $2 AND sequence <= $3 ORDER BY sequence");
        command.Parameters.AddWithValue((short)shard);
        command.Parameters.AddWithValue(from);
        command.Parameters.AddWithValue(through);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var stamp = 0L;
        var events = default(NoEvents);
        while (await reader.ReadAsync(cancellation))
        {
            var sequence = reader.GetInt64(0);
            var next = CommandCodec.Decode(reader.GetFieldValue<byte[]>(1));
            stamp = next.AcceptedAtMicros;
            if (sequence == from) continue;
            if (sequence != engine.Sequence + 1 || next.Sequence != sequence)
                throw new JournalBrokenException($"The journal has {sequence} after {engine.Sequence}.");
            engine.Apply(next, ref events);
        }

        return stamp;
    }

    private async Task<Accounts> AccountsAsync(CancellationToken cancellation)
    {
        await using var command = Command("SELECT account_id, address FROM accounts ORDER BY account_id");
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var accounts = new Accounts();
        while (await reader.ReadAsync(cancellation)) accounts.Add(new(reader.GetInt32(0)), new Address(reader.GetFieldValue<byte[]>(1)));
        return accounts;
    }

    private async Task<LiveOrders> OrdersAsync(Accounts accounts, CancellationToken cancellation)
    {
        await using var command = Command(
            """
            SELECT order_id, order_hash, account_id, market_id, outcome, is_buy, price_ticks, quantity_lots, filled_lots, expiry, status, reduced_lots
            FROM orders WHERE status IN (0, 1) AND shard = $1
            """);
        command.Parameters.AddWithValue((short)shard);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var orders = new LiveOrders();
        while (await reader.ReadAsync(cancellation))
        {
            var account = new AccountId(reader.GetInt32(2));
            orders.Add(new LiveOrder
            {
                Id = new(reader.GetInt64(0)), Hash = new Hash32(reader.GetFieldValue<byte[]>(1)), Account = account, Owner = accounts[account],
                Market = new(reader.GetInt32(3)), Outcome = (byte)reader.GetInt16(4), Side = reader.GetBoolean(5) ? Side.Buy : Side.Sell,
                Price = new(reader.GetInt32(6)), Lots = reader.GetInt64(7), FilledLots = reader.GetInt64(8), ExpiresAt = reader.GetInt64(9),
                Status = (OrderStatus)reader.GetInt16(10), ReducedLots = reader.GetInt64(11),
            });
        }

        return orders;
    }

    /// <summary>Volume of the last 24 hours by market and minute.</summary>
    private async Task StatsAsync(Desk desk, CancellationToken cancellation)
    {
        await using var command = Command(
            """
            SELECT market_id, (extract(epoch FROM executed_at)::bigint / 60) * 60 AS minute, sum(quantity_lots)::bigint,
                   sum(quantity_lots * taker_price_ticks)::bigint, count(*),
                   (array_agg(CASE WHEN taker_outcome = 0 THEN taker_price_ticks ELSE 10000 - taker_price_ticks END ORDER BY trade_id DESC))[1]
            FROM trades WHERE shard = $1 AND executed_at > now() - interval '24 hours' GROUP BY 1, 2 ORDER BY 2
            """);
        command.Parameters.AddWithValue((short)shard);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            if (!desk.Markets.TryGetValue(new(reader.GetInt32(0)), out var market)) continue;
            market.Stats.Add(reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3), reader.GetInt64(4));
            if (market.Outcomes == 2) market.Stats.LastPriceTicks = reader.GetInt32(5);
        }
    }

    /// <summary>A command over as much as there is: rows may take long, but a server that does not answer is given up.</summary>
    private NpgsqlCommand Command(string sql)
    {
        var command = database.CreateCommand(sql);
        command.CommandTimeout = RebuildTimeoutSeconds;
        return command;
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "The engine is rebuilt: a snapshot at {Snapshot} and the journal up to {Sequence}.")]
        public static partial void Replayed(ILogger logger, long snapshot, long sequence);

        [LoggerMessage(LogLevel.Error, "The snapshot at {Sequence} does not have the hash that was stored with it; it is not used.")]
        public static partial void SnapshotDiffers(ILogger logger, long sequence);

        [LoggerMessage(LogLevel.Warning, "The snapshot at {Sequence} cannot be read and is not used: {Reason}")]
        public static partial void SnapshotUnreadable(ILogger logger, long sequence, string reason);
    }
}
