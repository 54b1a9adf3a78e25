using Dapper;
using Foresight.Api.Orders;
using Foresight.Api.Reading;
using Foresight.Chain;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Postgres;
using Foresight.ServiceDefaults.Telemetry;
using Npgsql;
using NpgsqlTypes;

namespace Foresight.Api.Operations.Details;

public sealed class OrderDetailReader(Database database)
{
    private const int MaxTrades = 100;

    internal const string OrderQuery = """
        SELECT order_id, status, reason, accepted_at, updated_at, epoch, sequence, updated_sequence, idempotency_key, trace_context
        FROM orders WHERE order_hash = @hash
        """;

    internal const string TradesQuery = $"""
        SELECT {TradeFactsRow.Columns} FROM (
            SELECT DISTINCT trade_id FROM fills WHERE order_id = @orderId ORDER BY trade_id DESC LIMIT @rows) f
        JOIN trades t USING (trade_id) LEFT JOIN settlement_batches b USING (batch_id) ORDER BY t.trade_id DESC
        """;

    /// <returns>Null if the journal does not have the order.</returns>
    public async Task<OrderDetail?> FindAsync(Hash32 hash, NpgsqlLogSequenceNumber? after, CancellationToken cancellationToken)
    {
        return await database.FindAsync("order_detail", after, ReadAsync, cancellationToken);

        Task<OrderDetail?> ReadAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
            OrderDetailReader.ReadAsync(connection, hash, cancellationToken);
    }

    private static async Task<OrderDetail?> ReadAsync(NpgsqlConnection connection, Hash32 hash, CancellationToken cancellationToken)
    {
        if (await OrderReader.ReadAsync(connection, hash, cancellationToken) is not { } order)
            return null;
        var row = await connection.QuerySingleAsync<OrderRow>(
            new CommandDefinition(OrderQuery, new { hash = hash.ToBytes() }, cancellationToken: cancellationToken)
        );
        var trades = (
            await connection.QueryAsync<TradeFactsRow>(
                new CommandDefinition(
                    TradesQuery,
                    new { orderId = row.OrderId, rows = MaxTrades + 1 },
                    cancellationToken: cancellationToken
                )
            )
        ).AsList();
        var more = trades.Count > MaxTrades;
        var timeline = TimelineRules
            .Of(row.Facts())
            .Concat(trades.Take(MaxTrades).Reverse().SelectMany(trade => TimelineRules.Of(trade.Facts())));
        return new OrderDetail(
            order,
            [.. timeline],
            more,
            row.IdempotencyKey,
            row.TraceContext is { } trace ? TraceContext.OfBytes(trace)?.TraceId.ToString() : null
        );
    }

    private sealed class OrderRow
    {
        public long OrderId { get; init; }
        public short Status { get; init; }
        public string? Reason { get; init; }
        public DateTime AcceptedAt { get; init; }
        public DateTime UpdatedAt { get; init; }
        public long Epoch { get; init; }
        public long Sequence { get; init; }
        public long UpdatedSequence { get; init; }
        public string? IdempotencyKey { get; init; }
        public byte[]? TraceContext { get; init; }

        public OrderFacts Facts() => new(Names.OfOrderStatus(Status), Reason, AcceptedAt, UpdatedAt, Epoch, Sequence, UpdatedSequence);
    }
}
