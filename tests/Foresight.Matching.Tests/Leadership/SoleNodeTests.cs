using Foresight.Cluster;
using Foresight.Matching.Leadership;
using Foresight.Matching.Tests.Nodes;
using Foresight.Matching.Tests.Stores;
using Foresight.Protocol;
using Microsoft.Extensions.Logging.Abstractions;

namespace Foresight.Matching.Tests.Leadership;

[Collection(BreakableStoresCollection.Name)]
[Trait("Category", "Parts")]
public sealed class SoleNodeTests(BreakableStoresFixture stores) : IAsyncLifetime
{
    private TestCluster _cluster = null!;

    public async Task InitializeAsync() =>
        _cluster = await TestCluster.CreateAsync(stores, new KeyValuePair<string, string?>("CLUSTER_ENABLED", "false"));

    public async Task DisposeAsync()
    {
        await stores.StartAgainAsync("redis");
        await _cluster.DisposeAsync();
    }

    [Fact]
    public async Task ItLeadsWithoutRedis_UnderATermOfPostgres_AndIsFoundWhenRedisIsThere()
    {
        await stores.KillAsync("redis");
        await using var node = await TestNode.StartAsync("n1", _cluster);
        await node.ActiveAsync();
        Assert.Equal(1L, await _cluster.ScalarAsync<long>("SELECT epoch FROM leadership WHERE resource = 'matching-engine'"));

        await stores.StartAgainAsync("redis");
        await using var client = new TestClient(_cluster);
        await Eventually.TrueAsync(
            "a client finds it",
            Eventually.Patience,
            async () => (await client.Leaders.FindAsync(LeasedResources.Matching))?.NodeId == "n1"
        );
        Assert.Equal(ResultStatus.Accepted, (await client.Router.SendAsync(Traders.Fund(1))).Status);
        Assert.Equal("active", node.Presence.State);
        await JournalChecks.AssertSoundAsync(_cluster);
    }

    [Fact]
    public async Task ThatEnds_TakesItsLeaseAway_ButNotAnothers()
    {
        await stores.StartAgainAsync("redis");
        using var redis = new RedisClient(_cluster.Settings["ConnectionStrings:redis"]!, _cluster.Settings["REDIS_KEY_PREFIX"]!);
        var key = LeaderDirectory.LeaseKey(LeasedResources.Matching);
        var ended = await LeadAsync("n1");
        await ended.DisposeAsync();
        Assert.False(await redis.Database.KeyExistsAsync(key));

        var node = await LeadAsync("n2");
        var other = new LeaseRecord("other", "http://127.0.0.1:1", Guid.NewGuid(), 9, DateTimeOffset.UtcNow, DateTimeOffset.UtcNow);
        var leases = new RedisLeaseStore(redis.Database, redis.Broadcast, TimeProvider.System, NullLogger<RedisLeaseStore>.Instance);
        var store = new SoleNodeLeaseStore(redis.Database, leases);
        await store.ReleaseAsync(LeasedResources.Matching, other);
        Assert.True(await redis.Database.KeyExistsAsync(key));
        await node.DisposeAsync();
        Assert.False(await redis.Database.KeyExistsAsync(key));

        async Task<TestNode> LeadAsync(string name)
        {
            var node = await TestNode.StartAsync(name, _cluster);
            await node.ActiveAsync();
            await Eventually.TrueAsync("its lease is in Redis", Eventually.Patience, () => redis.Database.KeyExistsAsync(key));
            return node;
        }
    }

    [Fact]
    public async Task OfTwoByMistake_TheFenceLetsOneWrite()
    {
        await stores.StartAgainAsync("redis");
        await using var first = await TestNode.StartAsync("n1", _cluster);
        await first.ActiveAsync();
        await using var second = await TestNode.StartAsync("n2", _cluster);
        await Eventually.TrueAsync(
            "the second takes a term",
            Eventually.Patience,
            async () => await _cluster.ScalarAsync<long>("SELECT epoch FROM leadership WHERE resource = 'matching-engine'") >= 2
        );
        await JournalChecks.AssertSoundAsync(_cluster);
    }
}
