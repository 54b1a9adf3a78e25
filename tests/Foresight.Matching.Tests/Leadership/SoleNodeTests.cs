using Foresight.Matching.Tests.Nodes;
using Foresight.Matching.Tests.Stores;
using Foresight.Protocol;

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
        Assert.Equal(1L, await _cluster.EpochAsync());

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

    /// <summary>No other node can lead, so it waits for no lease of its predecessor, after kill -9 either.</summary>
    [Fact]
    public async Task ItsSuccessor_LeadsAtOnce_WhateverLeaseIsLeft()
    {
        await stores.StartAgainAsync("redis");
        await _cluster.ExecuteAsync(
            """
            INSERT INTO leadership (resource, epoch, token, node_id, address, renewed_at, lease_ms)
            VALUES ('matching-engine', 4, gen_random_uuid(), 'gone', 'http://10.0.0.1:1', clock_timestamp(), 600000)
            """
        );
        await using var node = await TestNode.StartAsync("n1", _cluster.With("LEASE_TTL_MS", "600000"));
        await node.ActiveAsync();
        Assert.Equal(5L, await _cluster.EpochAsync());
    }

    [Fact]
    public async Task OfTwoByMistake_TheFenceLetsOneWrite()
    {
        await stores.StartAgainAsync("redis");
        await using var first = await TestNode.StartAsync("n1", _cluster);
        await first.ActiveAsync();
        await using var second = await TestNode.StartAsync("n2", _cluster);
        await Eventually.TrueAsync("the second takes a term", Eventually.Patience, async () => await _cluster.EpochAsync() >= 2);
        await JournalChecks.AssertSoundAsync(_cluster);
    }
}
