using System.Globalization;
using System.Numerics;
using System.Text.Json;
using Dapper;
using Foresight.Chain;
using Foresight.Contracts;
using Foresight.ServiceDefaults.Cluster;
using Foresight.ServiceDefaults.Postgres;
using Npgsql;

namespace Foresight.Api.Operations;

/// <summary>How far settlement is, and how much is going on.</summary>
public sealed class SettlementReader(Database database, LeaderRouter router)
{
    private const int Wei = 18;

    /// <summary>
    /// Every trade counts towards these figures, and every page of the console asks for them each second; so nothing is counted that an index
    /// does not hold. Trade ids have no gaps: the last one is how many there are, and those that are neither failed nor unsettled are final.
    /// </summary>
    private const string StatesQuery = """
        WITH unsettled AS (SELECT settlement, count(*) AS n FROM trades WHERE settlement NOT IN ('final', 'failed') GROUP BY settlement),
        failed AS (SELECT count(*) AS n FROM trades WHERE settlement = 'failed')
        SELECT settlement, n FROM unsettled
        UNION ALL SELECT 'failed', n FROM failed
        UNION ALL SELECT 'final', (SELECT coalesce(max(trade_id), 0) FROM trades) - (SELECT n FROM failed) - (SELECT coalesce(sum(n), 0)::bigint FROM unsettled)
        """;

    public Task<SettlementView> SettlementAsync(CancellationToken cancellation) => database.ReadAsync("settlement", after: null, ReadAsync, cancellation);

    private static async Task<SettlementView> ReadAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        var states = await connection.QueryAsync<(string State, long Count)>(new CommandDefinition(StatesQuery, cancellationToken: cancellation));
        var trades = states.Where(row => row.Count > 0).ToDictionary(row => row.State, row => row.Count);
        var status = await connection.QuerySingleOrDefaultAsync<StatusRow>(new CommandDefinition(
            """
            SELECT node_id, head_block, confirmed_block, confirmations, signer, signer_balance_wei::text AS signer_balance_wei, halted,
                   last_error, last_error_at, endpoints::text AS endpoints
            FROM settlement_status
            """, cancellationToken: cancellation));
        // No row: no node has led settlement yet.
        if (status is null) return new SettlementView(trades, 0, 0, 0, null, null, null, null, null);
        return new SettlementView(
            trades, status.HeadBlock, status.ConfirmedBlock, status.Confirmations, status.Signer is null ? null : new Address(status.Signer).ToString(),
            EtherOf(status.SignerBalanceWei), status.NodeId, status.Halted is { } halted ? $"Halted: {halted}" : status.LastError, status.LastErrorAt,
            status.Halted, JsonSerializer.Deserialize<IReadOnlyList<ChainEndpointView>>(status.Endpoints, JsonSerializerOptions.Web));
    }

    /// <summary>Rates by the leader's own word; they are of the last ten seconds and nobody else counts them.</summary>
    public async Task<ThroughputView> ThroughputAsync(CancellationToken cancellation)
    {
        var leader = await router.LeaderStatusAsync(cancellation);
        return await database.ReadAsync("throughput", after: null, async (connection, cancel) =>
        {
            var (sequence, open, trades) = await connection.QuerySingleAsync<(long, long, long)>(new CommandDefinition(
                """
                SELECT (SELECT coalesce(max(sequence), 0) FROM commands WHERE shard = 0),
                       (SELECT count(*) FROM orders WHERE status IN (0, 1)),
                       (SELECT coalesce(max(trade_id), 0) FROM trades)
                """, cancellationToken: cancel));
            return new ThroughputView(
                Math.Round(leader?.OrdersPerSecond ?? 0, 2), Math.Round(leader?.TradesPerSecond ?? 0, 2), Math.Max(sequence, leader?.Sequence ?? 0),
                leader?.OpenOrders ?? open, trades);
        }, cancellation);
    }

    /// <summary>Wei as ether, exactly.</summary>
    internal static string? EtherOf(string? wei)
    {
        if (wei is null) return null;
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
        public string? LastError { get; init; }
        public DateTime? LastErrorAt { get; init; }
        public string Endpoints { get; init; } = "[]";
    }
}
