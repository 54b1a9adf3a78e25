using System.Globalization;
using System.Text.Json;
using Foresight.Matching.Engine;
using Foresight.Protocol;
using Npgsql;

namespace Foresight.EndToEnd.Tests.Stack;

/// <summary>
/// Rows that the stack writes only after faults or days. The console reads them through the Api, as all others.
/// </summary>
public static class ConsoleSeed
{
    public const string Offender = "0x00000000000000000000000000000000000000ab";

    public const string LastNightsLeader = "matching-of-last-night";

    /// <summary>Without a block, so that no run of the reconciler compares them. Each has another amount of whole USDC.</summary>
    public static async Task<IReadOnlyList<long>> DiscrepanciesAsync(
        this StackFixture stack,
        int count,
        string summary,
        long firstUsdc = 1,
        string severity = Severities.Low
    )
    {
        await using var database = await PatientAsync(stack);
        await using var insert = database.CreateCommand(
            """
            INSERT INTO discrepancies (natural_key, kind, severity, summary, amount, on_chain, off_chain)
            SELECT $2 || ':' || i, $3, $4, $2 || ' ' || i, ($5 + i) * 1000000, '{"lots": 5}', '{"lots": 6}'
            FROM generate_series(0, $1 - 1) i RETURNING discrepancy_id
            """
        );
        insert.Parameters.AddWithValue(count);
        insert.Parameters.AddWithValue(summary);
        insert.Parameters.AddWithValue(DiscrepancyKinds.AmountMismatch);
        insert.Parameters.AddWithValue(severity);
        insert.Parameters.AddWithValue(firstUsdc);
        await using var reader = await insert.ExecuteReaderAsync();
        var ids = new List<long>();
        while (await reader.ReadAsync())
            ids.Add(reader.GetInt64(0));
        return ids;
    }

    public static Task RemoveDiscrepanciesAsync(this StackFixture stack, string summary) =>
        stack.ExecuteAsync(
            """
            DELETE FROM discrepancy_audit WHERE discrepancy_id IN
                (SELECT discrepancy_id FROM discrepancies WHERE natural_key LIKE $1 || '%');
            DELETE FROM discrepancies WHERE natural_key LIKE $1 || '%'
            """,
            summary
        );

    /// <summary>The term before the first one of this stack: last night a node found the leader before gone.</summary>
    public static Task FailoverOfLastNightAsync(this StackFixture stack) =>
        stack.ExecuteAsync(
            """
            INSERT INTO leadership_history (resource, epoch, node_id, previous_node_id, acquired_at, phases, reason)
            VALUES ($1, 0, $2, 'matching-of-yesterday', now() - interval '9 hours',
                '{"detected": 180, "lease": 210, "fenced": 260, "recovered": 420, "first_ack": 480}', $3)
            ON CONFLICT DO NOTHING
            """,
            LeasedResources.Matching,
            LastNightsLeader,
            TakeOverReasons.Crashed
        );

    public static Task FailedCommandAsync(this StackFixture stack)
    {
        var id = Guid.NewGuid();
        LeaderCommand command = new PlaceOrder
        {
            RequestId = id,
            Hash = "0x" + new string('7', 64),
            Maker = Offender,
            MarketId = stack.Markets[0].Id,
            Outcome = 0,
            IsBuy = true,
            PriceTicks = 6_200,
            Lots = 2_500,
            Salt = "81985529216486895",
            Signature = "0x" + new string('5', 130),
        };
        return stack.ExecuteAsync(
            """
            INSERT INTO failed_commands (shard, request_id, epoch, command, reason, until)
            VALUES (0, $1::uuid, 1, $2, 'InvariantException: the book lost an order', now())
            """,
            id.ToString(),
            JsonSerializer.Serialize(command, JsonSerializerOptions.Web)
        );
    }

    /// <summary>
    /// A leader rebuilds from the book and from this row. If the book has an order that the row calls over, a command that fills it makes
    /// the engine throw, as only a defect of ours could.
    /// </summary>
    /// <param name="status">0 is open, 3 cancelled.</param>
    public static Task SetStatusAsync(this StackFixture stack, string order, int status) =>
        stack.ExecuteAsync(
            "UPDATE orders SET status = $2::smallint WHERE order_hash = decode($1, 'hex')",
            order[2..],
            status.ToString(CultureInfo.InvariantCulture)
        );

    /// <param name="trade">A strike is of a trade; the trade itself stays as it is.</param>
    public static Task StrikeAsync(this StackFixture stack, long trade) =>
        stack.ExecuteAsync(
            """
            INSERT INTO strikes (trade_id, address, reason, points) VALUES ($1::bigint, decode($2, 'hex'), 'approval_revoked', 20)
            ON CONFLICT DO NOTHING
            """,
            trade.ToString(CultureInfo.InvariantCulture),
            Offender[2..]
        );

    /// <summary>Rows of one decision about many have the same batch.</summary>
    public static async Task<IReadOnlyList<(string? Key, Guid? Batch, long Rows)>> AuditAsync(this StackFixture stack, string note)
    {
        await using var database = await PatientAsync(stack);
        await using var read = database.CreateCommand(
            """
            SELECT key_name, batch_id, count(*) FROM discrepancy_audit
            WHERE note = $1 AND from_state = 'open' AND to_state = 'resolved' GROUP BY 1, 2
            """
        );
        read.Parameters.AddWithValue(note);
        await using var reader = await read.ExecuteReaderAsync();
        var batches = new List<(string?, Guid?, long)>();
        while (await reader.ReadAsync())
            batches.Add((reader.GetString(0), reader.IsDBNull(1) ? null : reader.GetGuid(1), reader.GetInt64(2)));
        return batches;
    }

    /// <summary>A trade that was made for certain, and what belongs to it.</summary>
    public static async Task<TradeView> SettledTradeAsync(this StackFixture stack)
    {
        await stack.WaitUntilTradingAsync();
        // Nothing rests in it, so the two meet each other.
        var market = stack.Markets[2];
        var id = await stack.TradeAsync(market, stack.Traders[1], stack.Traders[2], new Price(41 * market.TickSize), lots: 100);
        return await stack.TradeInStateAsync(id, TradeStates.Final);
    }

    private static async Task ExecuteAsync(this StackFixture stack, string sql, params string[] values)
    {
        await using var database = await PatientAsync(stack);
        await using var connection = await database.OpenConnectionAsync();
        foreach (var statement in sql.Split(';', StringSplitOptions.RemoveEmptyEntries))
        {
            await using var command = new NpgsqlCommand(statement, connection);
            foreach (var value in values)
                command.Parameters.AddWithValue(value);
            await command.ExecuteNonQueryAsync();
        }
    }

    /// <summary>A machine that does other work may take longer for a connection than the driver waits by itself.</summary>
    private static async Task<NpgsqlDataSource> PatientAsync(StackFixture stack)
    {
        var seconds = (int)Eventually.Patience.TotalSeconds;
        var settings = new NpgsqlConnectionStringBuilder(await stack.App.ConnectionAsync("foresight"))
        {
            Timeout = seconds,
            CommandTimeout = seconds,
        };
        return NpgsqlDataSource.Create(settings);
    }
}
