using Dapper;
using Foresight.Api.Markets;
using Foresight.Api.Reading;
using Foresight.Chain;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Postgres;
using Foresight.ServiceDefaults.Telemetry;
using Npgsql;
using NpgsqlTypes;

namespace Foresight.Api.Operations.Details;

public sealed class TradeDetailReader(Database database)
{
    private const int MaxDiscrepancies = 50;

    internal const string FateQuery = $"""
        SELECT {TradeFactsRow.Columns}, t.settlement_attempts, t.closed FROM trades t LEFT JOIN settlement_batches b USING (batch_id)
        WHERE t.trade_id = @tradeId
        """;

    internal const string BatchQuery = $"""
        SELECT {BatchRow.Columns} WHERE b.batch_id = (SELECT batch_id FROM trades WHERE trade_id = @tradeId)
        """;

    internal const string SidesQuery = """
        SELECT f.leg, o.order_hash, a.address, f.outcome, f.is_buy, f.price_ticks, f.quantity_lots, f.is_taker, o.trace_context AS trace
        FROM fills f JOIN orders o USING (order_id) JOIN accounts a ON a.account_id = f.account_id WHERE f.trade_id = @tradeId
        ORDER BY f.leg
        """;

    internal const string DiscrepanciesQuery = $"""
        SELECT {ReconciliationReader.DiscrepancyColumns} FROM discrepancies WHERE trade_id = @tradeId
        ORDER BY discrepancy_id DESC LIMIT @MaxDiscrepancies
        """;

    internal const string StrikeQuery = "SELECT trade_id, address, reason, points, at, waived_at FROM strikes WHERE trade_id = @tradeId";

    /// <returns>Null if the journal does not have the trade.</returns>
    public async Task<TradeDetail?> FindAsync(long tradeId, NpgsqlLogSequenceNumber? after, CancellationToken cancellationToken)
    {
        return await database.FindAsync("trade_detail", after, ReadAsync, cancellationToken);

        Task<TradeDetail?> ReadAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
            TradeDetailReader.ReadAsync(connection, tradeId, cancellationToken);
    }

    private static async Task<TradeDetail?> ReadAsync(NpgsqlConnection connection, long tradeId, CancellationToken cancellationToken)
    {
        if (await TradeReader.ReadAsync(connection, tradeId, cancellationToken) is not { } trade)
            return null;
        var rows = await RowsAsync(connection, tradeId, cancellationToken);
        var others = rows.Batch is { } batch ? await BatchRow.OthersAsync(connection, batch.BatchId, cancellationToken) : [];
        return new TradeDetail(
            trade,
            [.. rows.Sides.Select(side => side.View())],
            [.. TimelineRules.Of(rows.Fate.Facts())],
            rows.Fate.SettlementAttempts,
            rows.Fate.Closed,
            rows.Batch?.View(),
            others,
            [.. rows.Discrepancies.Select(found => found.View())],
            rows.Strike is { } strike ? new Address(strike.Address).ToString() : null,
            rows.Strike?.View()
        );
    }

    private static async Task<TradeRows> RowsAsync(NpgsqlConnection connection, long tradeId, CancellationToken cancellationToken)
    {
        await using var read = await connection.QueryMultipleAsync(
            new CommandDefinition(
                string.Join(";\n", FateQuery, BatchQuery, SidesQuery, DiscrepanciesQuery, StrikeQuery),
                new { tradeId, MaxDiscrepancies },
                cancellationToken: cancellationToken
            )
        );
        return new TradeRows(
            await read.ReadSingleAsync<FateRow>(),
            await read.ReadSingleOrDefaultAsync<BatchRow>(),
            [.. await read.ReadAsync<SideRow>()],
            [.. await read.ReadAsync<DiscrepancyRow>()],
            await read.ReadSingleOrDefaultAsync<StrikeRow>()
        );
    }

    private sealed record TradeRows(
        FateRow Fate,
        BatchRow? Batch,
        IReadOnlyList<SideRow> Sides,
        IReadOnlyList<DiscrepancyRow> Discrepancies,
        StrikeRow? Strike
    );

    private sealed class SideRow
    {
        public short Leg { get; init; }
        public byte[] OrderHash { get; init; } = [];
        public byte[] Address { get; init; } = [];
        public short Outcome { get; init; }
        public bool IsBuy { get; init; }
        public int PriceTicks { get; init; }
        public long QuantityLots { get; init; }
        public bool IsTaker { get; init; }
        public byte[]? Trace { get; init; }

        public TradeSideView View() =>
            new(
                Leg,
                new Hash32(OrderHash).ToString(),
                new Address(Address).ToString(),
                Outcome,
                Names.OfSide(IsBuy),
                Decimals.Price(PriceTicks),
                Decimals.Shares(QuantityLots),
                Names.OfLiquidity(IsTaker),
                Trace is { } trace ? TraceContext.OfBytes(trace)?.TraceId.ToString() : null
            );
    }

    private sealed class StrikeRow
    {
        public long TradeId { get; init; }
        public byte[] Address { get; init; } = [];
        public string Reason { get; init; } = "";
        public int Points { get; init; }
        public DateTime At { get; init; }
        public DateTime? WaivedAt { get; init; }

        public StrikeView View() => new(TradeId, Reason, Points, At, WaivedAt);
    }
}
