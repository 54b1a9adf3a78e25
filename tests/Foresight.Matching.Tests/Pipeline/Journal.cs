using System.Buffers;
using Foresight.Exchange;
using Foresight.Matching.Pipeline;
using Npgsql;

namespace Foresight.Matching.Tests.Pipeline;

/// <summary>The invariants of a journal, asked of its tables.</summary>
internal static class Journal
{
    public static async Task AssertSoundAsync(TestCluster cluster)
    {
        await NoneAsync(cluster, "sequences without gaps", "SELECT 1 FROM (SELECT count(*) n, max(sequence) m FROM commands) c WHERE n <> m");
        await NoneAsync(cluster, "epochs that never decrease",
            "SELECT 1 FROM (SELECT epoch, lag(epoch) OVER (ORDER BY sequence) AS before FROM commands) c WHERE epoch < before");
        await NoneAsync(cluster, "stamps that never decrease",
            "SELECT 1 FROM (SELECT accepted_at, lag(accepted_at) OVER (ORDER BY sequence) AS before FROM commands) c WHERE accepted_at < before");
        await NoneAsync(cluster, "fills that add up to what the order says",
            "SELECT 1 FROM orders o WHERE filled_lots <> (SELECT coalesce(sum(quantity_lots), 0) FROM fills f WHERE f.order_id = o.order_id)");
        await NoneAsync(cluster, "trades whose legs all have its quantity",
            "SELECT 1 FROM trades t JOIN fills f USING (trade_id) WHERE f.quantity_lots <> t.quantity_lots");
        await AssertTablesEqualEngineAsync(cluster);
    }

    /// <summary>Stores it as the node does; a spoilt one carries a hash that is not its own.</summary>
    public static async Task StoreSnapshotAsync(TestCluster cluster, ExchangeEngine engine, bool spoilt)
    {
        var state = new ArrayBufferWriter<byte>();
        engine.WriteSnapshot(state);
        await using var command = cluster.Database.CreateCommand("INSERT INTO snapshots (shard, sequence, epoch, state_hash, state) VALUES (0, $1, 1, $2, $3)");
        command.Parameters.AddWithValue(engine.Sequence);
        command.Parameters.AddWithValue(Desk.Format(spoilt ? ~engine.StateHash() : engine.StateHash()));
        command.Parameters.AddWithValue(state.WrittenMemory.ToArray());
        await command.ExecuteNonQueryAsync();
    }

    private static async Task AssertTablesEqualEngineAsync(TestCluster cluster)
    {
        var engine = await cluster.ReplayAsync();
        await using var orders = cluster.Database.CreateCommand("SELECT order_id, status IN (0, 1), quantity_lots - filled_lots - reduced_lots FROM orders");
        await using (var reader = await orders.ExecuteReaderAsync())
        {
            var live = 0;
            while (await reader.ReadAsync())
            {
                var rests = engine.TryGetOpenOrder(new OrderId(reader.GetInt64(0)), out var remaining);
                Assert.Equal(reader.GetBoolean(1), rests);
                if (rests) Assert.Equal(reader.GetInt64(2), remaining.Lots);
                if (rests) live++;
            }

            Assert.Equal(engine.OpenOrders, live);
        }

        await using var balances = cluster.Database.CreateCommand("SELECT account_id, market_id, outcome, owned, order_hold, trade_hold FROM balances");
        await using (var reader = await balances.ExecuteReaderAsync())
            while (await reader.ReadAsync())
                Assert.Equal(
                    new Holding(reader.GetInt64(3), reader.GetInt64(4), reader.GetInt64(5)),
                    engine.Balance(new(reader.GetInt32(0)), new(reader.GetInt32(1)), (byte)reader.GetInt16(2)));
    }

    private static async Task NoneAsync(TestCluster cluster, string expected, string violations)
    {
        await using var command = cluster.Database.CreateCommand($"SELECT count(*) FROM ({violations}) v");
        Assert.True(await command.ExecuteScalarAsync() is 0L, $"The journal must have {expected}.");
    }
}
