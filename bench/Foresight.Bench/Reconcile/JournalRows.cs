using System.Numerics;
using Foresight.Chain;
using Foresight.Chain.Signing;
using Npgsql;
using NpgsqlTypes;

namespace Foresight.Bench.Reconcile;

internal sealed record SettledOrder(long Id, int AccountId, int Ticks, long Lots, Hash32 Hash, OrderMessage Message, byte[] Signature);

internal sealed record SettledTrade(long Id, int Ticks, long Lots, SettledOrder Buy, SettledOrder Sell);

internal sealed record SettledBatch(long Block, byte[] TransactionHash, IReadOnlyList<SettledTrade> Trades);

internal static class JournalRows
{
    /// <summary>Runs after all trades are written, because it sums their fills; remainders of orders are cancelled.</summary>
    public const string FillOrders = """
        UPDATE orders o SET filled_lots = f.lots, status = CASE WHEN f.lots = o.quantity_lots THEN 2 ELSE 3 END
        FROM (SELECT order_id, sum(quantity_lots)::bigint AS lots FROM fills GROUP BY order_id) f WHERE f.order_id = o.order_id
        """;

    private const short Cancelled = 3;

    public static async Task WriteOrdersAsync(NpgsqlConnection connection, IEnumerable<SettledOrder> signed, int marketId)
    {
        await using var orders = await connection.BeginBinaryImportAsync(
            """
            COPY orders (order_hash, order_id, market_id, account_id, outcome, is_buy, price_ticks, quantity_lots, filled_lots,
                time_in_force, post_only, stp, salt,
                salt_tag, expiry, signature, status, shard, sequence, epoch, accepted_at, updated_sequence, updated_at)
                FROM STDIN (FORMAT BINARY)
            """
        );
        foreach (var order in signed)
        {
            await orders.StartRowAsync();
            await orders.WriteAsync(order.Hash.ToBytes());
            await orders.WriteAsync(order.Id);
            await orders.WriteAsync(marketId);
            await orders.WriteAsync(order.AccountId);
            await orders.WriteAsync((short)0);
            await orders.WriteAsync(order.Message.IsBuy);
            await orders.WriteAsync(order.Ticks);
            await orders.WriteAsync(order.Lots);
            await orders.WriteAsync(0L);
            await orders.WriteAsync((short)0);
            await orders.WriteAsync(false);
            await orders.WriteAsync((short)0);
            await orders.WriteAsync((BigInteger)order.Message.Salt, NpgsqlDbType.Numeric);
            await orders.WriteAsync((long)OrderSigning.SaltTag(order.Message.Salt));
            await orders.WriteAsync(0L);
            await orders.WriteAsync(order.Signature);
            await orders.WriteAsync(Cancelled);
            await orders.WriteAsync((short)0);
            await orders.WriteAsync(order.Id);
            await orders.WriteAsync(1L);
            await orders.WriteAsync(DateTime.UtcNow, NpgsqlDbType.TimestampTz);
            await orders.WriteAsync(order.Id);
            await orders.WriteAsync(DateTime.UtcNow, NpgsqlDbType.TimestampTz);
        }

        await orders.CompleteAsync();
    }

    public static async Task WriteAsync(NpgsqlConnection connection, IReadOnlyList<SettledBatch> batches, int marketId)
    {
        await using (
            var trades = await connection.BeginBinaryImportAsync(
                """
                COPY trades (trade_id, market_id, kind, quantity_lots, taker_outcome, taker_is_buy, taker_price_ticks, shard, sequence,
                    epoch, executed_at, settlement,
                    tx_hash, block_number, settled_at, closed) FROM STDIN (FORMAT BINARY)
                """
            )
        )
        {
            foreach (var batch in batches)
            {
                foreach (var trade in batch.Trades)
                {
                    await trades.StartRowAsync();
                    await trades.WriteAsync(trade.Id);
                    await trades.WriteAsync(marketId);
                    await trades.WriteAsync((short)0);
                    await trades.WriteAsync(trade.Lots);
                    await trades.WriteAsync((short)0);
                    await trades.WriteAsync(true);
                    await trades.WriteAsync(trade.Ticks);
                    await trades.WriteAsync((short)0);
                    await trades.WriteAsync(trade.Id);
                    await trades.WriteAsync(1L);
                    await trades.WriteAsync(DateTime.UtcNow, NpgsqlDbType.TimestampTz);
                    await trades.WriteAsync("final");
                    await trades.WriteAsync(batch.TransactionHash);
                    await trades.WriteAsync(batch.Block);
                    await trades.WriteAsync(DateTime.UtcNow, NpgsqlDbType.TimestampTz);
                    await trades.WriteAsync(true);
                }
            }

            await trades.CompleteAsync();
        }

        await using var fills = await connection.BeginBinaryImportAsync(
            """
            COPY fills (trade_id, leg, order_id, account_id, outcome, is_buy, price_ticks, quantity_lots, is_taker)
            FROM STDIN (FORMAT BINARY)
            """
        );
        foreach (var trade in batches.SelectMany(b => b.Trades))
        {
            foreach (var (order, leg) in new[] { (trade.Buy, (short)0), (trade.Sell, (short)1) })
            {
                await fills.StartRowAsync();
                await fills.WriteAsync(trade.Id);
                await fills.WriteAsync(leg);
                await fills.WriteAsync(order.Id);
                await fills.WriteAsync(order.AccountId);
                await fills.WriteAsync((short)0);
                await fills.WriteAsync(order.Message.IsBuy);
                await fills.WriteAsync(trade.Ticks);
                await fills.WriteAsync(trade.Lots);
                await fills.WriteAsync(leg == 0);
            }
        }

        await fills.CompleteAsync();
    }
}
