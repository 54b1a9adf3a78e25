using System.Globalization;
using System.Numerics;
using System.Text.Json;
using Dapper;
using Foresight.Api.Operations.Firm;
using Foresight.Chain;
using Foresight.Cluster;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Postgres;
using Npgsql;

namespace Foresight.Api.Operations;

public sealed class SettlementReader(Database database, LeaderRouter router)
{
    private const int Wei = 18;

    private const string AllTrades = """
        SELECT coalesce(sum((SELECT max(t.trade_id) - (s.shard << 48) FROM trades t WHERE t.trade_id >= s.shard << 48
            AND t.trade_id < (s.shard + 1) << 48)), 0)::bigint
        FROM (SELECT generate_series(0, shard_count() - 1)::bigint) s(shard)
        """;

    /// <summary>
    /// These figures cover every trade, and every open console page reads them each second, so the query uses only what an index answers.
    /// Trade ids have no gaps within a shard: the highest id gives the count, and trades that are neither failed nor unsettled are final.
    /// </summary>
    private const string StatesQuery = $"""
        WITH unsettled AS (
            SELECT settlement, count(*) AS n
            FROM trades WHERE settlement NOT IN ('{TradeStates.Final}', '{TradeStates.Failed}') GROUP BY settlement),
        failed AS (SELECT count(*) AS n FROM trades WHERE settlement = '{TradeStates.Failed}')
        SELECT settlement, n FROM unsettled
        UNION ALL SELECT '{TradeStates.Failed}', n FROM failed
        UNION ALL SELECT '{TradeStates.Final}', ({AllTrades}) - (SELECT n FROM failed) - (SELECT coalesce(sum(n), 0)::bigint FROM unsettled)
        """;

    /// <summary>Of the unsettled states c. Within a shard trade ids grow with time, so the first of a state is its oldest.</summary>
    internal const string OldestOfEachShard = $"""
        CROSS JOIN (SELECT generate_series(0, shard_count() - 1)::bigint) s(shard)
        CROSS JOIN LATERAL (
            SELECT t.trade_id, t.executed_at FROM trades t
            WHERE t.settlement = c.settlement AND t.settlement NOT IN ('{TradeStates.Final}', '{TradeStates.Failed}')
                AND t.trade_id >= s.shard << 48 AND t.trade_id < (s.shard + 1) << 48
            ORDER BY t.trade_id LIMIT 1) oldest
        """;

    /// <summary>
    /// Batches become final in the order of their nonces, so the newest final one that has any has the newest final trades.
    /// </summary>
    private const string ProgressQuery = $"""
        SELECT (
            SELECT min(oldest.executed_at)
            FROM unnest(@waiting) c(settlement) {OldestOfEachShard}) AS waiting_since,
            greatest(
                (SELECT max(t.settlement_changed_at) FROM trades t WHERE t.batch_id = (
                    SELECT batch_id FROM settlement_batches WHERE state = '{BatchStates.Final}' AND trades > 0
                    ORDER BY batch_id DESC LIMIT 1)),
                (SELECT max(settlement_changed_at) FROM trades WHERE settlement = '{TradeStates.Failed}')) AS settled_at
        """;

    /// <summary>
    /// From the primary while it answers: a replica's lag would pass for the silence of settlement's holder, or for a chain that stands.
    /// </summary>
    public Task<SettlementView> SettlementAsync(CancellationToken cancellationToken) =>
        database.Primary.IsFit
            ? database.ReadPrimaryAsync("settlement", ReadAsync, cancellationToken)
            : database.ReadAsync("settlement", after: null, ReadAsync, cancellationToken);

    internal static async Task<SettlementView> ReadAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var states = await connection.QueryAsync<(string State, long Count)>(
            new CommandDefinition(StatesQuery, cancellationToken: cancellationToken)
        );
        var trades = states.Where(row => row.Count > 0).ToDictionary(row => row.State, row => row.Count);
        var (waitingSince, settledAt) = await connection.QuerySingleAsync<(DateTime? WaitingSince, DateTime? SettledAt)>(
            new CommandDefinition(
                ProgressQuery,
                new { waiting = trades.Keys.Where(TradeStates.IsUnsettled).ToArray() },
                cancellationToken: cancellationToken
            )
        );
        var status = await connection.QuerySingleOrDefaultAsync<StatusRow>(
            new CommandDefinition(
                """
                SELECT node_id, head_block, confirmed_block, confirmations, signer, signer_balance_wei::text AS signer_balance_wei, halted,
                       halted_since, last_error, last_error_at, endpoints::text AS endpoints, updated_at,
                       clock_timestamp() - updated_at AS age, clock_timestamp() - head_at AS head_age,
                       low_balance_wei::text AS low_balance_wei, balance_low_since
                FROM settlement_status
                """,
                cancellationToken: cancellationToken
            )
        );
        var firm = await FirmReader.ReadAsync(connection, cancellationToken);
        // No row exists until a node has led settlement.
        if (status is null)
            return new SettlementView(trades, 0, 0, 0, null, null, null, null, null, WaitingSince: waitingSince, SettledAt: settledAt)
            {
                Firm = firm,
            };
        return new SettlementView(
            trades,
            status.HeadBlock,
            status.ConfirmedBlock,
            status.Confirmations,
            status.Signer is null ? null : new Address(status.Signer).ToString(),
            EtherOf(status.SignerBalanceWei),
            status.NodeId,
            status.Halted is { } halted ? $"Halted: {halted}" : status.LastError,
            status.LastErrorAt,
            status.Halted,
            JsonSerializer.Deserialize<IReadOnlyList<ChainEndpointView>>(status.Endpoints, JsonSerializerOptions.Web),
            status.UpdatedAt,
            status.HaltedSince,
            status.Age,
            status.HeadAge,
            waitingSince,
            settledAt,
            EtherOf(status.LowBalanceWei),
            status.BalanceLowSince,
            firm
        );
    }

    /// <summary>Only the leader measures rates (of the last ten seconds), so they are read from it.</summary>
    public async Task<ThroughputView> ThroughputAsync(CancellationToken cancellationToken)
    {
        var shards = await database.ReadAsync(
            "shards",
            after: null,
            (connection, cancellationToken) =>
                connection.ExecuteScalarAsync<int>(new CommandDefinition("SELECT shard_count()", cancellationToken: cancellationToken)),
            cancellationToken
        );
        var leaders = await Task.WhenAll(Enumerable.Range(0, shards).Select(shard => router.LeaderStatusAsync(shard, cancellationToken)));
        // A node reports the sum of all its shards, so it counts once.
        var nodes = leaders.OfType<MatchingNodeStatus>().DistinctBy(leader => leader.NodeId).ToList();
        return await database.ReadAsync(
            "throughput",
            after: null,
            async (connection, cancellationToken) =>
            {
                var (sequence, open, trades) = await connection.QuerySingleAsync<(long, long, long)>(
                    new CommandDefinition(
                        $"""
                        SELECT (SELECT coalesce(sum((SELECT max(sequence) FROM commands WHERE shard = s.shard)), 0)::bigint
                            FROM generate_series(0, shard_count() - 1) s(shard)),
                               (SELECT count(*) FROM orders WHERE status IN (0, 1)),
                               ({AllTrades})
                        """,
                        cancellationToken: cancellationToken
                    )
                );
                return new ThroughputView(
                    Math.Round(nodes.Sum(node => node.OrdersPerSecond), 2),
                    Math.Round(nodes.Sum(node => node.TradesPerSecond), 2),
                    Math.Max(sequence, leaders.Sum(leader => leader?.Sequence ?? 0)),
                    leaders.All(leader => leader is not null) ? leaders.Sum(leader => leader!.OpenOrders) : open,
                    trades
                );
            },
            cancellationToken
        );
    }

    /// <summary>By digits and not by a double, whose precision wei exceed.</summary>
    internal static string? EtherOf(string? wei)
    {
        if (wei is null)
            return null;
        var digits = BigInteger.Parse(wei, CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture).PadLeft(Wei + 1, '0');
        var fraction = digits[^Wei..].TrimEnd('0');
        return fraction.Length == 0 ? digits[..^Wei] : $"{digits[..^Wei]}.{fraction}";
    }

    private sealed class StatusRow
    {
        public string NodeId { get; init; } = "";
        public long HeadBlock { get; init; }
        public long ConfirmedBlock { get; init; }
        public int Confirmations { get; init; }
        public byte[]? Signer { get; init; }
        public string? SignerBalanceWei { get; init; }
        public string? Halted { get; init; }
        public DateTime? HaltedSince { get; init; }
        public string? LastError { get; init; }
        public DateTime? LastErrorAt { get; init; }
        public string Endpoints { get; init; } = "[]";
        public DateTime UpdatedAt { get; init; }
        public TimeSpan Age { get; init; }
        public TimeSpan? HeadAge { get; init; }
        public string? LowBalanceWei { get; init; }
        public DateTime? BalanceLowSince { get; init; }
    }
}
