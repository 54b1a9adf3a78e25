using Npgsql;
using NpgsqlTypes;
using static Foresight.Matching.Journal.Statements;

namespace Foresight.Matching.Journal;

internal readonly record struct ClosedFill(
    long TradeId,
    byte[] Owner,
    byte[] OrderHash,
    int Market,
    int PriceTicks,
    long Lots,
    bool IsTaker,
    bool Settled,
    string? Reason
);

/// <summary>Both parties of a trade that settled or failed are notified, and the journal knows who they are.</summary>
internal static class ClosedFillStatements
{
    public static NpgsqlBatchCommand Find(JournalBatch rows) =>
        Statement(
            """
            SELECT f.trade_id, a.address, o.order_hash, o.market_id, f.price_ticks, f.quantity_lots, f.is_taker
            FROM fills f JOIN orders o ON o.order_id = f.order_id JOIN accounts a ON a.account_id = f.account_id
            WHERE f.trade_id = ANY($1)
            """,
            Array(rows.ClosedTrades, closed => closed.Trade.Value, NpgsqlDbType.Bigint)
        );

    public static async Task<IReadOnlyList<ClosedFill>> ReadAsync(NpgsqlDataReader reader, JournalBatch rows)
    {
        var closed = rows.ClosedTrades.ToDictionary(one => one.Trade.Value);
        var fills = new List<ClosedFill>();
        while (await reader.ReadAsync())
            fills.Add(
                new ClosedFill(
                    reader.GetInt64(0),
                    reader.GetFieldValue<byte[]>(1),
                    reader.GetFieldValue<byte[]>(2),
                    reader.GetInt32(3),
                    reader.GetInt32(4),
                    reader.GetInt64(5),
                    reader.GetBoolean(6),
                    closed[reader.GetInt64(0)].Settled,
                    closed[reader.GetInt64(0)].Reason
                )
            );
        return fills;
    }
}
