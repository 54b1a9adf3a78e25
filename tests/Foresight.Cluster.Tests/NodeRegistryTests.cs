using Foresight.Cluster;
using Foresight.Protocol;
using Microsoft.Extensions.Logging.Abstractions;
using StackExchange.Redis;

namespace Foresight.Cluster.Tests;

[Collection(ServersCollection.Name)]
public sealed class NodeRegistryTests : IDisposable
{
    private readonly RedisClient _redis;
    private readonly NodeRegistry _registry;

    public NodeRegistryTests(Servers servers)
    {
        _redis = new RedisClient(servers.Redis, $"{Guid.NewGuid():N}:");
        _registry = new NodeRegistry(_redis.Database, new NoNotices(), TimeProvider.System, NullLogger<NodeRegistry>.Instance);
    }

    public void Dispose() => _redis.Dispose();

    [Fact]
    public async Task NodesAreListedByKindAndName_UntilTheyAreDropped()
    {
        Assert.Empty(await _registry.ListAsync());
        foreach (var (name, kind) in new[] { ("b", "matching"), ("z", "api"), ("a", "matching") })
            await _registry.AnnounceAsync(Node(name, kind));
        Assert.Equal(["z", "a", "b"], (await _registry.ListAsync()).Select(node => node.NodeId));
        Assert.Equal("api", (await _registry.FindAsync("z"))!.Kind);

        await _registry.DropAsync("a");
        Assert.Equal(["z", "b"], (await _registry.ListAsync()).Select(node => node.NodeId));
        Assert.Null(await _registry.FindAsync("a"));
    }

    [Fact]
    public async Task ARecord_ExpiresAfterThreeMissedHeartbeats_AndTheNodeIsThenForgotten()
    {
        await _registry.AnnounceAsync(Node("a"));
        var left = await _redis.Database.KeyTimeToLiveAsync("node:a:info");
        Assert.InRange(left!.Value, TimeSpan.FromSeconds(40), NodeRegistry.HeartbeatInterval * NodeRegistry.MissedHeartbeats);

        await _redis.Database.KeyDeleteAsync("node:a:info");
        Assert.Empty(await _registry.ListAsync());
        Assert.False(await _redis.Database.SetContainsAsync("nodes", "a"));
    }

    [Theory]
    [InlineData("no JSON")]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("""{"nodeId":"another","kind":"api","address":"","state":"running","version":"1","leads":[]}""")]
    [InlineData("""{"nodeId":"a","kind":"api","address":"","state":"running","version":"1","leads":[null]}""")]
    public async Task AValueThatIsNoRecord_CountsAsExpired(string value)
    {
        await _registry.AnnounceAsync(Node("a"));
        await _registry.AnnounceAsync(Node("b"));
        await _redis.Database.StringSetAsync("node:a:info", value);
        Assert.Null(await _registry.FindAsync("a"));
        Assert.Equal("b", Assert.Single(await _registry.ListAsync()).NodeId);
        await _registry.AnnounceAsync(Node("a"));
        Assert.Equal(2, (await _registry.ListAsync()).Count);
    }

    [Fact]
    public async Task AKeyOfTheIdsThatIsNoSet_IsDeleted_SoThatTheNextAnnouncementSucceeds()
    {
        await _redis.Database.StringSetAsync("nodes", "by hand");
        await Assert.ThrowsAsync<RedisServerException>(() => _registry.AnnounceAsync(Node("a")));
        await _registry.AnnounceAsync(Node("a"));
        Assert.Single(await _registry.ListAsync());
    }

    private static NodeRecord Node(string name, string kind = "matching") =>
        new(name, kind, "http://127.0.0.1:1", "running", "1.0", 1, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch, []);
}
