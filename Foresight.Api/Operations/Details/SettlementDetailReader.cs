using Dapper;
using Foresight.Api.Markets;
using Foresight.Api.Reading;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Postgres;
using Npgsql;

namespace Foresight.Api.Operations.Details;

/// <summary>Reads the primary: an operator looks here when something is stuck, and a replica may be what is stuck.</summary>
public sealed class SettlementDetailReader(Database database, TimeProvider clock)
{
    private const int MaxBatches = 50;
    private const int MaxReasons = 50;

    /// <summary>The counts come from an index alone.</summary>
    internal const string QueueQuery = $"""
        WITH counted AS (
            SELECT settlement, count(*) AS n
            FROM trades WHERE settlement NOT IN ('{TradeStates.Final}', '{TradeStates.Failed}') GROUP BY settlement)
        SELECT DISTINCT ON (c.settlement) c.settlement, c.n, oldest.trade_id, oldest.executed_at
        FROM counted c {SettlementReader.OldestOfEachShard}
        ORDER BY c.settlement, oldest.executed_at
        """;

    internal const string BatchesQuery = $"""
        SELECT {BatchRow.Columns} WHERE b.batch_id < @before ORDER BY b.batch_id DESC LIMIT @rows
        """;

    internal const string BatchesOfStateQuery = $"""
        SELECT {BatchRow.Columns} WHERE b.state = @state AND b.batch_id < @before ORDER BY b.batch_id DESC LIMIT @rows
        """;

    internal const string CountQuery = "SELECT count(*) FROM (SELECT FROM settlement_batches ORDER BY batch_id DESC LIMIT @most) AS newest";

    internal const string CountOfStateQuery = """
        SELECT count(*) FROM (SELECT FROM settlement_batches WHERE state = @state ORDER BY batch_id DESC LIMIT @most) AS newest
        """;

    internal const string FailuresQuery = $"""
        SELECT {TradeReader.FailureReason} AS reason, count(*) AS n, max(settlement_changed_at) AS last_at
        FROM trades WHERE settlement = '{TradeStates.Failed}' AND settlement_changed_at > now() - interval '24 hours'
        GROUP BY 1 ORDER BY n DESC, reason LIMIT @MaxReasons
        """;

    public Task<SettlementDetail> ReadAsync(CancellationToken cancellationToken) =>
        database.ReadPrimaryAsync("settlement_detail", ReadAsync, cancellationToken);

    /// <param name="state">One of <see cref="BatchStates"/>; null: any.</param>
    internal Task<CountedPage<BatchView>> BatchesAsync(string? state, BatchPage page, CancellationToken cancellationToken) =>
        database.ReadPrimaryAsync(
            "settlement_batches",
            (connection, cancellationToken) =>
            {
                var parameters = new
                {
                    state,
                    states = BatchStates.All.ToArray(),
                    before = page.Before ?? long.MaxValue,
                    rows = page.Size + 1,
                    offset = page.Offset,
                    most = SortedLists.Rows,
                };
                var query =
                    page.Order is { } order ? SortedQuery(order, isOfState: state is not null)
                    : state is null ? BatchesQuery
                    : BatchesOfStateQuery;
                return CountedPages.ReadAsync<BatchRow, BatchView>(
                    connection,
                    state is null ? CountQuery : CountOfStateQuery,
                    query,
                    parameters,
                    page.Size,
                    page.Order,
                    row => PageParameters.CursorOf(row.BatchId),
                    row => row.View(),
                    cancellationToken
                );
            },
            cancellationToken
        );

    /// <summary>Finds the rows first, because a row's columns cost more than its place.</summary>
    internal static string SortedQuery(ListOrder order, bool isOfState)
    {
        // Qualified, because a name alone is what is shown: fees as text.
        var key = order.Sort switch
        {
            "id" => "b.batch_id",
            "state" => "array_position(@states, b.state)",
            "nonce" => "b.nonce",
            "marketId" => "b.market_id",
            "trades" => "b.trades",
            "blockNumber" => "b.block_number",
            "gasUsed" => "b.gas_used",
            "maxFeeWei" => "b.max_fee_wei",
            "createdAt" => "b.created_at",
            BatchSorts.Took => "b.mined_at - coalesce(b.broadcast_at, b.created_at)",
            _ => throw new InvalidOperationException($"The order {order.Sort} was not checked."),
        };
        // Ends with the id, so that equal rows have an order too and no page repeats or misses one.
        var by = $"{key} {order.Direction}, b.batch_id DESC";
        return $"""
            SELECT {BatchRow.Columns} WHERE b.batch_id = ANY (ARRAY(
                SELECT b.batch_id FROM (
                    SELECT * FROM settlement_batches {(isOfState ? "WHERE state = @state" : "")} ORDER BY batch_id DESC LIMIT @most) b
                ORDER BY {by} LIMIT @rows OFFSET @offset))
            ORDER BY {by}
            """;
    }

    private async Task<SettlementDetail> ReadAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var status = await SettlementReader.ReadAsync(connection, cancellationToken);
        await using var read = await connection.QueryMultipleAsync(
            new CommandDefinition(
                string.Join(";\n", QueueQuery, BatchesQuery, FailuresQuery),
                new
                {
                    before = long.MaxValue,
                    rows = MaxBatches,
                    MaxReasons,
                },
                cancellationToken: cancellationToken
            )
        );
        var queue = (await read.ReadAsync<(string State, long Trades, long OldestId, DateTime OldestAt)>())
            .OrderBy(row => TradeStates.All.ToList().IndexOf(row.State))
            .Select(row => new SettlementQueueView(row.State, row.Trades, row.OldestId, row.OldestAt))
            .ToList();
        var batches = (await read.ReadAsync<BatchRow>()).Select(row => row.View()).ToList();
        var failures = (await read.ReadAsync<(string Reason, long Trades, DateTime LastAt)>())
            .Select(row => new FailureCountView(row.Reason, row.Trades, row.LastAt))
            .ToList();
        return new SettlementDetail(clock.GetUtcNow(), status, status.HaltedSince, queue, batches, failures);
    }
}
