using Foresight.Cluster;
using Foresight.Matching.Invariants;
using Foresight.Matching.Tests.Nodes;
using Foresight.Matching.Tests.Stores;
using Foresight.Protocol;

namespace Foresight.Matching.Tests.Sharding;

internal static class ShardedCluster
{
    public const int Shards = 3;

    public static async Task<TestCluster> CreateAsync(StoresFixture stores)
    {
        var cluster = await TestCluster.CreateAsync(stores, new KeyValuePair<string, string?>("SHARDS", Shards.ToString()));
        await cluster.ExecuteAsync(
            $"""
            INSERT INTO sharding (shards) VALUES ({Shards});
            DELETE FROM markets;
            INSERT INTO markets (market_id, shard, address, question, outcomes, tick_size)
            SELECT m, m - 1, decode(lpad(to_hex(m), 40, '0'), 'hex'), 'Question ' || m, ARRAY['yes', 'no'], 1
            FROM generate_series(1, {Shards}) m;
            """
        );
        return cluster;
    }

    public static int ShardOf(int market) => market - 1;

    public static LeaderCommand Fund(int trader, int shard, long micros) => Traders.Fund(trader, micros: micros) with { Shard = shard };

    public static PlaceOrder Place(this Traders traders, int trader, int market, int price, long lots, int outcome = 0) =>
        traders.Place(trader, market, outcome, isBuy: true, price, lots) with
        {
            Shard = ShardOf(market),
        };

    public static async Task AssertSoundAsync(TestCluster cluster, TraderAndChain router)
    {
        var checker = new InvariantChecker(cluster.Database);
        for (var shard = 0; shard < Shards; shard++)
        {
            var proof = await Eventually.GetAsync(
                $"the leader of shard {shard} proves its state",
                Eventually.Patience,
                () => router.LeaderStateAsync(shard)
            );
            Assert.Equal(shard, proof.Shard);
            await checker.CompareAsync(shard, proof.Sequence, proof.StateHash, CancellationToken.None);
        }

        await checker.CheckAsync(CancellationToken.None);
        Assert.True(checker.Holds, string.Join('\n', checker.Violations));
    }

    public static async Task<(long Owned, long Held)> SumAsync(TestCluster cluster, int trader)
    {
        const string Where =
            "FROM balances b JOIN accounts a USING (account_id) WHERE b.outcome = 255 AND a.address = decode('{0}', 'hex')";
        var where = string.Format(Where, Traders.Address(trader)[2..]);
        return (
            await cluster.ScalarAsync<long>($"SELECT coalesce(sum(owned), 0)::bigint {where}"),
            await cluster.ScalarAsync<long>($"SELECT coalesce(sum(order_hold + trade_hold), 0)::bigint {where}")
        );
    }
}
