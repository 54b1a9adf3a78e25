using System.Diagnostics;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Telemetry;
using Npgsql;

namespace Foresight.Matching.Settlement;

/// <summary>As the fill was before the write that the span describes.</summary>
/// <param name="Context">The span of the Api that accepted the order. Kept in the journal, so that any node can continue the trace.</param>
/// <param name="SignedAt">When the transaction of the trade's batch was stored; null if it has none.</param>
internal sealed record TracedFill(
    ActivityContext Context,
    long TradeId,
    int MarketId,
    bool IsTaker,
    string Order,
    DateTime ChangedAt,
    DateTime? SignedAt
);

/// <summary>
/// Spans are created when a stage is over, from times in the journal, so they do not depend on which node began the stage. One per trade
/// and sampled order.
/// </summary>
internal sealed class SettlementTrace
{
    /// <summary>Bounds what traces cost a batch, or a step of the follower. The first by trade id get a span.</summary>
    public const int MaximumFills = 200;

    private readonly IReadOnlyList<TracedFill> _fills;

    private SettlementTrace(IReadOnlyList<TracedFill> fills) => _fills = fills;

    /// <summary>
    /// Reads before the write, so that its own failure leaves nothing half done. Sends no query if no listener is attached.
    /// </summary>
    public static async Task<SettlementTrace> ReadAsync(
        NpgsqlDataSource primary,
        IEnumerable<long> tradeIds,
        CancellationToken cancellationToken
    )
    {
        if (!ActivitySources.Settlement.HasListeners() || tradeIds.ToArray() is not { Length: > 0 } ids)
            return new SettlementTrace([]);
        await using var command = primary.CreateCommand(
            """
            SELECT o.trace_context, t.trade_id, t.market_id, f.is_taker, o.order_hash, t.settlement_changed_at, b.created_at
            FROM trades t JOIN fills f USING (trade_id) JOIN orders o USING (order_id) LEFT JOIN settlement_batches b USING (batch_id)
            WHERE t.trade_id = ANY ($1) AND o.trace_context IS NOT NULL ORDER BY t.trade_id, f.leg LIMIT $2
            """
        );
        command.Parameters.Add(new() { Value = ids });
        command.Parameters.Add(new() { Value = MaximumFills });
        var fills = new List<TracedFill>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            if (TraceContext.OfBytes(reader.GetFieldValue<byte[]>(0)) is not { } context)
                continue;
            fills.Add(
                new TracedFill(
                    context,
                    reader.GetInt64(1),
                    reader.GetInt32(2),
                    reader.GetBoolean(3),
                    Hex(reader.GetFieldValue<byte[]>(4)),
                    reader.GetDateTime(5),
                    reader.IsDBNull(6) ? null : reader.GetDateTime(6)
                )
            );
        }

        return new SettlementTrace(fills);
    }

    public void Settled(StoredBatch batch, MinedFacts facts, IReadOnlyList<TradeOutcome> outcomes)
    {
        foreach (var fill in _fills)
        {
            using var span = Start(SpanNames.Settle, fill, fill.SignedAt ?? fill.ChangedAt);
            if (span is null)
                continue;
            span.SetTag(SpanAttributes.TransactionHash, Hex(batch.TransactionHash))
                .SetTag(SpanAttributes.TransactionNonce, batch.Nonce)
                .SetTag(SpanAttributes.Block, facts.BlockNumber);
            var reason = facts.Error ?? outcomes.FirstOrDefault(outcome => outcome.TradeId == fill.TradeId)?.Reason;
            if (reason is not null)
                Fail(span, reason);
        }
    }

    public void Final(IReadOnlyList<TradeChange> changes)
    {
        foreach (var fill in _fills)
        {
            if (changes.FirstOrDefault(change => change.TradeId == fill.TradeId && change.Settlement == TradeStates.Final) is not { } final)
                continue;
            using var span = Start(SpanNames.Final, fill, fill.ChangedAt);
            span?.SetTag(SpanAttributes.TransactionHash, final.TransactionHash is { } hash ? Hex(hash) : null)
                .SetTag(SpanAttributes.Block, final.BlockNumber);
        }
    }

    public void Bust(IReadOnlyList<(long TradeId, string? Reason)> failed)
    {
        foreach (var fill in _fills)
        {
            using var span = Start(SpanNames.Bust, fill, fill.ChangedAt);
            if (span is not null)
                Fail(span, failed.FirstOrDefault(trade => trade.TradeId == fill.TradeId).Reason);
        }
    }

    private static Activity? Start(string name, TracedFill fill, DateTime from)
    {
        var span = ActivitySources.Settlement.StartActivity(name, ActivityKind.Internal, fill.Context, startTime: from);
        return span
            ?.SetTag(SpanAttributes.OrderId, fill.Order)
            .SetTag(SpanAttributes.MarketId, fill.MarketId)
            .SetTag(SpanAttributes.TradeId, fill.TradeId)
            .SetTag(SpanAttributes.Liquidity, fill.IsTaker ? "taker" : "maker");
    }

    private static string Hex(byte[] bytes) => "0x" + Convert.ToHexStringLower(bytes);

    /// <summary>Sets the code alone: the rest of a stored reason names an account.</summary>
    private static void Fail(Activity span, string? reason)
    {
        var code = FailureReasons.CodeOf(reason);
        span.SetTag(SpanAttributes.Reason, code).SetStatus(ActivityStatusCode.Error, code);
    }
}
