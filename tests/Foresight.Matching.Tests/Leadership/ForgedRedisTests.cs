using Foresight.Cluster;
using Foresight.Matching.Tests.Nodes;
using Foresight.Matching.Tests.Stores;
using Foresight.Protocol;
using StackExchange.Redis;

namespace Foresight.Matching.Tests.Leadership;

/// <summary>
/// Anyone with access to Redis can write anything into it. That must end no process, and hide no node for longer than a heartbeat.
/// </summary>
[Collection(StoresCollection.Name)]
[Trait("Category", "Trust")]
public sealed class ForgedRedisTests(StoresFixture stores) : IAsyncLifetime
{
    private TestCluster _cluster = null!;
    private TestNode _one = null!;
    private TestNode _two = null!;

    public async Task InitializeAsync()
    {
        _cluster = await TestCluster.CreateAsync(stores);
        _one = await TestNode.StartAsync("n1", _cluster);
        _two = await TestNode.StartAsync("n2", _cluster);
        await Eventually.TrueAsync("one node leads", Eventually.Patience, () => OneLeads && _one.Presence.Address.Length > 0);
    }

    public async Task DisposeAsync()
    {
        await _one.DisposeAsync();
        await _two.DisposeAsync();
        await _cluster.DisposeAsync();
    }

    private bool OneLeads => new[] { _one, _two }.Count(node => node.Presence.State == "active") == 1;

    [Theory]
    [InlineData("no json")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{\"nodeId\":\"ghost\",\"kind\":\"matching\",\"state\":\"active\",\"leads\":[null]}")]
    public async Task ANodesRecordThatIsNone_IsDropped_AndEndsNobody(string forged)
    {
        var redis = _one.Redis;
        foreach (var name in new[] { "ghost", "n1", "n2" })
        {
            await redis.StringSetAsync($"node:{name}:info", forged);
            await redis.SetAddAsync("nodes", name);
        }

        await AllIsWellAsync();
    }

    [Fact]
    public async Task KeysOfAnotherType_AreReplaced_AndEndNobody()
    {
        var redis = _one.Redis;
        await redis.KeyDeleteAsync(["nodes", "node:n1:info"]);
        await redis.HashSetAsync("node:n1:info", "state", "active");
        await redis.StringSetAsync("nodes", "n1");
        await AllIsWellAsync();
    }

    [Fact]
    public async Task MessagesThatAreNone_EndNobody()
    {
        foreach (var channel in new[] { Channels.ClusterLeader, Channels.ClusterNodes, $"{typeof(NoticeHub).FullName}:all" })
        {
            foreach (var message in new[] { "no json", "null", "[]", "{}", "{\"kind\":\"released\",\"resource\":null}" })
                await _one.Redis.PublishAsync(RedisChannel.Literal(channel), message);
        }
        await AllIsWellAsync();
    }

    private async Task AllIsWellAsync()
    {
        var since = DateTimeOffset.UtcNow;
        _one.Presence.Repeat();
        _two.Presence.Repeat();
        await Eventually.TrueAsync(
            "both nodes, and nobody else, are known",
            Eventually.Patience,
            async () =>
                await IsSetAsync()
                && await _one.Nodes.ListAsync() is [{ NodeId: "n1" } first, { NodeId: "n2" } second]
                && first.HeartbeatAt >= since
                && second.HeartbeatAt >= since
        );
        await Eventually.TrueAsync("one node leads", Eventually.Patience, () => OneLeads);
        Assert.Equal(ResultStatus.Accepted, (await _two.Router.SendAsync(Traders.Fund(1))).Status);
        await JournalChecks.AssertSoundAsync(_cluster);
    }

    private async Task<bool> IsSetAsync() => await _one.Redis.KeyTypeAsync("nodes") == RedisType.Set;
}
