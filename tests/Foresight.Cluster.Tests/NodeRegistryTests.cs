using Foresight.Cluster;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using StackExchange.Redis;

namespace Foresight.Cluster.Tests;

[Collection(ServersCollection.Name)]
public sealed class NodeRegistryTests : IDisposable
{
    private readonly RedisClient _redis;
    private readonly NodeRegistry _registry;
    private readonly LeftNodes _notices = new();

    public NodeRegistryTests(Servers servers)
    {
        _redis = new RedisClient(servers.Redis, $"{Guid.NewGuid():N}:");
        _registry = new NodeRegistry(_redis.Database, TestHints.Of(), _notices, TimeProvider.System, NullLogger<NodeRegistry>.Instance);
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
    public async Task ARecord_OutlivesManyHeartbeats_AndTheNodeIsForgottenWhenItHasExpired()
    {
        await _registry.AnnounceAsync(Node("a"));
        var left = await _redis.Database.KeyTimeToLiveAsync("node:a:info");
        Assert.InRange(left!.Value, TimeSpan.FromSeconds(40), NodeRegistry.Lifetime);

        await _redis.Database.KeyDeleteAsync("node:a:info");
        Assert.Empty(await _registry.ListAsync());
        Assert.False(await _redis.Database.SetContainsAsync("nodes", "a"));
    }

    [Fact]
    [Trait("Category", "Trust")]
    public async Task ARecordThatWasDeleted_HidesNoNode_AndMakesItNotLeave()
    {
        await _registry.AnnounceAsync(Node("a") with { HeartbeatAt = DateTimeOffset.UtcNow });
        Assert.Single(await _registry.ListAsync());
        await _redis.Database.KeyDeleteAsync("node:a:info");
        Assert.Single(await _registry.ListAsync());
        Assert.True(await _redis.Database.SetContainsAsync("nodes", "a"));
        Assert.Empty(_notices.Left);
        // The node itself has left, as it does when it stops.
        await AnotherProcess().DropAsync("a");
        Assert.Empty(await _registry.ListAsync());
    }

    /// <summary>A node that was broken into signs any time, and must not stay listed by it when it is gone.</summary>
    [Fact]
    [Trait("Category", "Trust")]
    public async Task ATimeThatARecordClaims_KeepsNoNodeListed()
    {
        var clock = new FakeTimeProvider(DateTimeOffset.UtcNow);
        var registry = new NodeRegistry(_redis.Database, TestHints.Of(), _notices, clock, NullLogger<NodeRegistry>.Instance);
        await registry.AnnounceAsync(Node("a") with { HeartbeatAt = clock.GetUtcNow().AddYears(100) });
        Assert.Single(await registry.ListAsync());
        await _redis.Database.KeyDeleteAsync("node:a:info");
        Assert.Single(await registry.ListAsync());
        clock.Advance(NodeRegistry.Lifetime);
        Assert.Empty(await registry.ListAsync());
    }

    [Fact]
    public async Task ANodeWhoseRecordHasExpired_HasLeft_Once()
    {
        await _registry.AnnounceAsync(Node("a") with { HeartbeatAt = DateTimeOffset.UtcNow - NodeRegistry.Lifetime });
        Assert.Single(await _registry.ListAsync());
        await _redis.Database.KeyDeleteAsync("node:a:info");
        Assert.Empty(await _registry.ListAsync());
        Assert.Empty(await _registry.ListAsync());
        Assert.Equal(["a"], _notices.Left);
    }

    /// <summary>
    /// Text, a forgery, a record of another node and a genuine old one must not unlist the node: its last genuine record stays.
    /// </summary>
    [Theory]
    [Trait("Category", "Trust")]
    [InlineData("no JSON")]
    [InlineData("{}")]
    [InlineData("""{"nodeId":"a","kind":"api","address":"http://6.6.6.6","state":"running","version":"1","leads":[]}""")]
    public async Task AValueThatIsNotSigned_HidesNoNode_AndIsNotBelieved(string value)
    {
        await _registry.AnnounceAsync(Node("a"));
        await _registry.AnnounceAsync(Node("b"));
        Assert.Equal(2, (await _registry.ListAsync()).Count);
        await _redis.Database.StringSetAsync("node:a:info", value);
        Assert.Equal(Node("a").Address, (await _registry.FindAsync("a"))!.Address);
        Assert.Equal(["a", "b"], (await _registry.ListAsync()).Select(node => node.NodeId));
        // A process that has just started has read no earlier record, so it believes nothing.
        Assert.Equal("b", Assert.Single(await AnotherProcess().ListAsync()).NodeId);
    }

    [Fact]
    [Trait("Category", "Trust")]
    public async Task ARecordOfAnotherNode_OrOfAnotherCluster_IsNotBelieved()
    {
        await _registry.AnnounceAsync(Node("a"));
        var record = await _redis.Database.StringGetAsync("node:a:info");
        await _redis.Database.StringSetAsync("node:b:info", record);
        await _redis.Database.StringSetAsync("node:c:info", TestHints.Of("a secret of other tests").Sign("node:c:info", Node("c")));
        await _redis.Database.SetAddAsync("nodes", ["b", "c"]);
        Assert.Equal("a", Assert.Single(await _registry.ListAsync()).NodeId);
    }

    [Fact]
    [Trait("Category", "Trust")]
    public async Task AnOldRecordThatIsWrittenBack_IsNotBelieved()
    {
        await _registry.AnnounceAsync(Node("a") with { State = "follower" });
        var old = await _redis.Database.StringGetAsync("node:a:info");
        await _registry.AnnounceAsync(Node("a") with { State = "active" });
        Assert.Equal("active", Assert.Single(await _registry.ListAsync()).State);
        await _redis.Database.StringSetAsync("node:a:info", old);
        Assert.Equal("active", Assert.Single(await _registry.ListAsync()).State);
    }

    [Fact]
    [Trait("Category", "Trust")]
    public async Task AKeyOfAnotherType_HidesNoNode()
    {
        await _registry.AnnounceAsync(Node("a"));
        Assert.Single(await _registry.ListAsync());
        await _redis.Database.KeyDeleteAsync("node:a:info");
        await _redis.Database.HashSetAsync("node:a:info", "x", "y");
        Assert.Single(await _registry.ListAsync());
        await _registry.AnnounceAsync(Node("a"));
        Assert.Single(await AnotherProcess().ListAsync());
    }

    [Fact]
    [Trait("Category", "Trust")]
    public async Task ManyForgedIds_AreNotReadOneByOne_AndHideNoNode()
    {
        await _registry.AnnounceAsync(Node("a"));
        Assert.Single(await _registry.ListAsync());
        await _redis.Database.SetAddAsync("nodes", [.. Enumerable.Range(0, 100_000).Select(number => (RedisValue)$"forged-{number}")]);
        Assert.True((await _registry.ListAsync()).Count <= 1);
        await _registry.AnnounceAsync(Node("a"));
        Assert.Single(await _registry.ListAsync());
        Assert.True(await _redis.Database.SetLengthAsync("nodes") <= NodeRegistry.MaximumNodes);
    }

    [Fact]
    [Trait("Category", "Trust")]
    public async Task AnIdLongerThanAnyNodes_IsRemoved_AndNotAnnounced()
    {
        await _registry.AnnounceAsync(Node("a"));
        var longest = new string('n', NodeIdentity.MaximumLength);
        await _redis.Database.SetAddAsync("nodes", [longest, longest + "n"]);
        Assert.Single(await _registry.ListAsync());
        Assert.Equal(["a"], (await _redis.Database.SetMembersAsync("nodes")).Select(id => id.ToString()));
        // Neither was ever a node, so neither has left.
        Assert.Empty(_notices.Left);
    }

    [Fact]
    [Trait("Category", "Trust")]
    public async Task IdsOfMegabytes_AreNotRead_AndHideNoNode()
    {
        await _registry.AnnounceAsync(Node("a"));
        Assert.Single(await _registry.ListAsync());
        // More small ones than Redis samples by default.
        await _redis.Database.SetAddAsync("nodes", [.. Enumerable.Range(0, 100).Select(number => (RedisValue)$"forged-{number}")]);
        await _redis.Database.SetAddAsync("nodes", new string('x', 1024 * 1024));
        Assert.Single(await _registry.ListAsync());
        Assert.False(await _redis.Database.KeyExistsAsync("nodes"));
        Assert.Empty(_notices.Left);
        await _registry.AnnounceAsync(Node("a"));
        Assert.Single(await AnotherProcess().ListAsync());
    }

    [Fact]
    public async Task AKeyOfTheIdsThatIsNoSet_IsReplaced()
    {
        await _redis.Database.StringSetAsync("nodes", "by hand");
        await _registry.AnnounceAsync(Node("a"));
        Assert.Single(await _registry.ListAsync());
    }

    private NodeRegistry AnotherProcess() =>
        new(_redis.Database, TestHints.Of(), new NoNotices(), TimeProvider.System, NullLogger<NodeRegistry>.Instance);

    private static NodeRecord Node(string name, string kind = "matching") =>
        new(name, kind, "http://127.0.0.1:1", "running", "1.0", 1, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch, []);

    private sealed class LeftNodes : INotices
    {
        public List<string> Left { get; } = [];

        public void Publish(string topic, object notice)
        {
            if (notice is ClusterEvent { Kind: "node_left" } left)
                Left.Add(left.NodeId!);
        }
    }
}
