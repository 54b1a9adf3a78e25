using Dapper;
using Foresight.Chain;
using Foresight.Protocol;
using Npgsql;

namespace Foresight.Api.Operations.Firm;

/// <summary>
/// Every open console page reads it each second. What is summed is small: settlement's bound limits the trades, the engine the
/// co-signatures, and a request costs its owner gas.
/// </summary>
internal static class FirmReader
{
    /// <summary>
    /// With several shards the vault is not followed (docs/firm-money.md): what somebody deposits would never be credited.
    /// </summary>
    internal const string HasVault = """
        (shard_count() = 1
            AND EXISTS (SELECT FROM deployments WHERE generation = (SELECT max(generation) FROM deployments) AND vault IS NOT NULL))
        """;

    internal const string Query = """
        SELECT d.vault, d.withdrawal_blocks, d.withdrawal_seconds, t.until_at, t.trades * t.shards AS trades, t.trades_per_second,
            t.lowered_at, clock_timestamp() AS now, u.trades AS unsettled, u.micros, u.oldest_at, u.newest_at,
            r.withdrawals + w.withdrawals AS withdrawals, (r.micros + w.micros)::numeric AS leaving, r.next_at
        FROM deployments d LEFT JOIN firm_terms t ON true
        CROSS JOIN (
            SELECT count(*) AS trades, coalesce(sum(quantity_lots::numeric * taker_price_ticks), 0) AS micros,
                min(executed_at) AS oldest_at, max(executed_at) AS newest_at
            FROM trades WHERE firm AND settlement NOT IN ('final', 'failed') AND NOT closed) u
        CROSS JOIN (
            SELECT count(*) AS withdrawals, coalesce(sum(units) FILTER (WHERE market_id = 0), 0) AS micros,
                min(ready_at) FILTER (WHERE ready_at > now()) AS next_at
            FROM vault_leaving WHERE next_block IS NULL AND state = 0) r
        CROSS JOIN (
            SELECT count(*) AS withdrawals, coalesce(sum(units) FILTER (WHERE market_id = 0), 0) AS micros
            FROM withdrawals WHERE state = 0) w
        WHERE d.generation = (SELECT max(generation) FROM deployments) AND d.vault IS NOT NULL AND shard_count() = 1
        """;

    /// <returns>Null where there is no vault.</returns>
    public static async Task<FirmView?> ReadAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        if (
            await connection.QuerySingleOrDefaultAsync<Row>(new CommandDefinition(Query, cancellationToken: cancellationToken))
            is not { } row
        )
            return null;
        ConfirmedTerms? terms = row.UntilAt is { } until ? new(until, row.Trades!.Value, row.LoweredAt!.Value) : null;
        var refusal = FirmRules.Refusal(
            terms,
            new UnsettledFirm(row.Unsettled, row.OldestAt, row.NewestAt),
            TimeSpan.FromSeconds(row.WithdrawalSeconds),
            row.Now
        );
        return new FirmView(
            new Address(row.Vault).ToString(),
            row.WithdrawalBlocks,
            row.WithdrawalSeconds,
            refusal is null,
            refusal?.Why,
            refusal?.Since,
            row.Unsettled,
            MoneySums.Usdc(row.Micros),
            row.OldestAt,
            row.Trades,
            row.TradesPerSecond,
            row.UntilAt,
            row.Withdrawals,
            MoneySums.Usdc(row.Leaving),
            row.NextAt
        );
    }

    private sealed class Row
    {
        public byte[] Vault { get; init; } = [];
        public long WithdrawalBlocks { get; init; }
        public long WithdrawalSeconds { get; init; }
        public DateTime? UntilAt { get; init; }
        public long? Trades { get; init; }
        public double? TradesPerSecond { get; init; }
        public DateTime? LoweredAt { get; init; }
        public DateTime Now { get; init; }
        public long Unsettled { get; init; }
        public decimal Micros { get; init; }
        public DateTime? OldestAt { get; init; }
        public DateTime? NewestAt { get; init; }
        public long Withdrawals { get; init; }
        public decimal Leaving { get; init; }
        public DateTime? NextAt { get; init; }
    }
}
