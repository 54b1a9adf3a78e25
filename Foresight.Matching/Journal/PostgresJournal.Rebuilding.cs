using System.Runtime.CompilerServices;
using Foresight.Chain;
using Foresight.Matching.Engine;
using Foresight.Matching.Leadership;
using Foresight.Matching.Orders;
using Npgsql;

namespace Foresight.Matching.Journal;

internal sealed partial class PostgresJournal
{
    /// <summary>
    /// Limits the wait for the next part of a result, in seconds, and not for all of it: a rebuild reads as many rows as there are.
    /// </summary>
    private const int RebuildTimeoutSeconds = 60;

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
                reduced_lots, purse
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
                Purse = (Purse)reader.GetInt16(12),
                Price = new(reader.GetInt32(6)),
                Lots = reader.GetInt64(7),
                FilledLots = reader.GetInt64(8),
                SignedExpiry = reader.GetInt64(9),
                Status = (OrderStatus)reader.GetInt16(10),
                ReducedLots = reader.GetInt64(11),
            };
        }
    }

    public Task<List<Market>> ListedMarketsAsync(CancellationToken cancellationToken) =>
        RoundTrip.WithinAsync(RoundTrip.Limit, cancellationToken, () => ReadMarketsAsync("listed_sequence IS NOT NULL"));

    public Task<List<Market>> MarketsToChangeAsync(CancellationToken cancellationToken) =>
        RoundTrip.WithinAsync(
            RoundTrip.Limit,
            cancellationToken,
            () => ReadMarketsAsync("(listed_sequence IS NULL OR state < operator_state)")
        );

    private async Task<List<Market>> ReadMarketsAsync(string condition)
    {
        await using var command = _database.CreateCommand(
            $"""
            SELECT market_id, cardinality(outcomes), tick_size, state, extract(epoch FROM closes_at)::bigint, operator_state,
                firm_only
            FROM markets WHERE shard = $1 AND {condition} ORDER BY market_id
            """
        );
        command.Parameters.AddWithValue((short)_shard);
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
                    Wanted = reader.IsDBNull(5) ? null : (MarketState)reader.GetInt16(5),
                    FirmOnly = reader.GetBoolean(6),
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

    private NpgsqlCommand Command(string sql)
    {
        var command = _database.CreateCommand(sql);
        command.CommandTimeout = RebuildTimeoutSeconds;
        return command;
    }
}
