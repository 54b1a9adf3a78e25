using Foresight.Cluster;
using Foresight.Matching.Tests.Nodes;
using Foresight.Matching.Tests.Stores;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Trust;
using StackExchange.Redis;

namespace Foresight.Matching.Tests.Leadership;

[Collection(BreakableStoresCollection.Name)]
public sealed class RedisFaultTests(BreakableStoresFixture stores) : IAsyncLifetime
{
    private readonly Traders _traders = new(seed: 30);
    private TestCluster _cluster = null!;

    public async Task InitializeAsync() => _cluster = await TestCluster.CreateAsync(stores);

    public async Task DisposeAsync()
    {
        await stores.StartAgainAsync("redis");
        await _cluster.DisposeAsync();
    }

    [Fact]
    public async Task WithRedisDownAtStart_OneNodeLeads_AndIsFoundByPostgres()
    {
        await stores.KillAsync("redis");
        await using var one = await TestNode.StartAsync("n1", _cluster);
        await using var two = await TestNode.StartAsync("n2", _cluster);
        await OneLeadsAsync(one, two, Eventually.Patience);
        Assert.Equal(ResultStatus.Accepted, (await one.Router.SendAsync(Traders.Fund(1))).Status);
        await Eventually.TrueAsync("it is not ready", Eventually.Patience, async () => await ProbeAsync(one, "ready") == 503);
        Assert.Equal(200, await ProbeAsync(one, "alive"));

        await stores.StartAgainAsync("redis");
        await NodesAreKnownAsync(one, Eventually.Patience);
        await Eventually.TrueAsync("it is ready", Eventually.Patience, async () => await ProbeAsync(one, "ready") == 200);
        Assert.Equal(1L, await _cluster.EpochAsync());
    }

    [Fact]
    public async Task WithRedisKilledAndRestartedEmpty_TheLeaderServesOn_AndTheRegistryIsRebuilt()
    {
        await stores.StartAgainAsync("redis");
        await using var one = await TestNode.StartAsync("n1", _cluster);
        await one.ActiveAsync();
        await using var two = await TestNode.StartAsync("n2", _cluster);
        await one.Router.AcceptAsync(Traders.Fund(1));
        await NodesAreKnownAsync(one, Eventually.Patience);

        await stores.KillAsync("redis");
        // Longer than any lease lasts, so a lease in Redis would have ended.
        await one.LeaseRenewedAsync(times: 8);
        Assert.Equal(ResultStatus.Accepted, (await two.Router.SendAsync(Order())).Status);

        await stores.StartAgainAsync("redis");
        await NodesAreKnownAsync(one, Eventually.Patience);
        await LeaseIsShownAsync(one, "n1");
        Assert.Equal(ResultStatus.Accepted, (await two.Router.SendAsync(Order())).Status);
        Assert.Equal(("active", 1L), (one.Presence.State, await _cluster.EpochAsync()));
        await JournalChecks.AssertSoundAsync(_cluster);
    }

    /// <summary>Leadership needs no Redis: another node takes over, and callers find it.</summary>
    [Fact]
    public async Task WithoutRedis_ALeaderThatEnds_IsReplaced()
    {
        await stores.StartAgainAsync("redis");
        var first = await TestNode.StartAsync("n1", _cluster);
        await first.ActiveAsync();
        await using var second = await TestNode.StartAsync("n2", _cluster);
        await stores.KillAsync("redis");
        Assert.Equal(ResultStatus.Accepted, (await second.Router.SendAsync(Traders.Fund(1))).Status);
        await first.DisposeAsync();
        await second.ActiveAsync();
        Assert.Equal(ResultStatus.Accepted, (await second.Router.SendAsync(Order())).Status);
        Assert.Equal(2L, await _cluster.EpochAsync());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ALeaderThatIsCutOffFromRedis_LeadsOn(bool onlyHearsNothing)
    {
        await stores.StartAgainAsync("redis");
        var address = stores.Redis.Split(',')[0].Split(':');
        await using var proxy = new TcpProxy(address[0], int.Parse(address[1]));
        await using var cutOff = await TestNode.StartAsync("n1", _cluster.With("ConnectionStrings:redis", proxy.Redis(stores.Redis)));
        await cutOff.ActiveAsync();
        await using var other = await TestNode.StartAsync("n2", _cluster);

        proxy.Set(onlyHearsNothing ? ProxyMode.FrozenReplies : ProxyMode.Frozen);
        await cutOff.LeaseRenewedAsync(times: 8);
        Assert.Equal(ResultStatus.Accepted, (await other.Router.SendAsync(Traders.Fund(1))).Status);
        Assert.Equal(("active", "follower", 1L), (cutOff.Presence.State, other.Presence.State, await _cluster.EpochAsync()));
        proxy.Set(ProxyMode.Forward);
    }

    /// <summary>
    /// The lease is in Postgres, so nothing written to the key ends the leader's term, and the next renewal restores the record.
    /// </summary>
    [Theory]
    [Trait("Category", "Trust")]
    [InlineData("deleted")]
    [InlineData("another type")]
    [InlineData("no json")]
    [InlineData(
        """
            {"nodeId":"ghost","address":"http://127.0.0.1:1","token":"00000000-0000-0000-0000-000000000001","epoch":9,
             "acquiredAt":"2026-01-01T00:00:00Z","lastRenewedAt":"2026-01-01T00:00:00Z"}
            """
    )]
    public async Task ADamagedOrForgedLeaseKey_EndsNoTerm_AndIsRestored(string forged)
    {
        await stores.StartAgainAsync("redis");
        await using var one = await TestNode.StartAsync("n1", _cluster);
        await one.ActiveAsync();
        await using var two = await TestNode.StartAsync("n2", _cluster);
        await LeaseIsShownAsync(one, "n1");
        RedisKey key = LeaderDirectory.LeaseKey(LeasedResources.Matching);
        // In one script, because the leader could renew between two commands.
        await one.Redis.ScriptEvaluateAsync(
            forged switch
            {
                "deleted" => "redis.call('DEL', KEYS[1])",
                "another type" => "redis.call('DEL', KEYS[1]) redis.call('HSET', KEYS[1], 'token', 'forged')",
                _ => "redis.call('SET', KEYS[1], ARGV[1], 'PX', 86400000)",
            },
            [key],
            [forged]
        );
        // Orders need no lease in Redis, so they are accepted before the key is restored.
        Assert.Equal(ResultStatus.Accepted, (await two.Router.SendAsync(Traders.Fund(1))).Status);
        await LeaseIsShownAsync(one, "n1");
        Assert.Equal(("active", "follower", 1L), (one.Presence.State, two.Presence.State, await _cluster.EpochAsync()));
        await JournalChecks.AssertSoundAsync(_cluster);
    }

    /// <summary>The record of the leader before is genuine, so its signature cannot betray it.</summary>
    [Fact]
    [Trait("Category", "Trust")]
    public async Task AnOldLeaseThatIsWrittenBackAllTheTime_LeadsNobodyAstray()
    {
        await stores.StartAgainAsync("redis");
        RedisKey key = LeaderDirectory.LeaseKey(LeasedResources.Matching);
        var first = await TestNode.StartAsync("n1", _cluster);
        await first.ActiveAsync();
        await LeaseIsShownAsync(first, "n1");
        var old = await first.Redis.StringGetAsync(key);
        await using var second = await TestNode.StartAsync("n2", _cluster);
        using var writing = new CancellationTokenSource();
        var enemy = WriteAsync(second.Redis, key, old, writing.Token);

        await first.DisposeAsync();
        await second.ActiveAsync();
        await using var client = new TestClient(_cluster);
        Assert.Equal(ResultStatus.Accepted, (await client.Router.SendAsync(Traders.Fund(1))).Status);
        for (var order = 0; order < 50; order++)
            Assert.Equal(ResultStatus.Accepted, (await client.Router.SendAsync(Order())).Status);
        Assert.Equal(("active", 2L), (second.Presence.State, await _cluster.EpochAsync()));
        await writing.CancelAsync();
        Assert.True(await enemy > 100, "the enemy wrote");
    }

    [Fact]
    public async Task TwoNodesOfOneName_AreTwoToTheLease_AndOneOfThemLeads()
    {
        await stores.StartAgainAsync("redis");
        await using var one = await TestNode.StartAsync("n1", _cluster);
        await using var duplicate = await TestNode.StartAsync("n1", _cluster);
        await OneLeadsAsync(one, duplicate, Eventually.Patience);
        Assert.Equal(ResultStatus.Accepted, (await duplicate.Router.SendAsync(Traders.Fund(1))).Status);
        Assert.Equal(1, new[] { one, duplicate }.Count(node => node.Presence.State == "active"));
        await Eventually.TrueAsync(
            "the younger one has a name of its own",
            Eventually.Patience,
            async () =>
                (await one.Nodes.ListAsync()).Select(node => node.NodeId).ToList() is ["n1", var own]
                && own.StartsWith("n1-", StringComparison.Ordinal)
        );
        await JournalChecks.AssertSoundAsync(_cluster);
    }

    private LeaderCommand Order() => _traders.Place(1, 1, 0, isBuy: true, price: 4_000, lots: 1);

    private Task LeaseIsShownAsync(TestNode reader, string nodeId) =>
        Eventually.TrueAsync(
            $"Redis shows {nodeId} as the leader",
            Eventually.Patience,
            async () =>
            {
                var key = LeaderDirectory.LeaseKey(LeasedResources.Matching);
                if (await reader.Redis.KeyTypeAsync(key) is not RedisType.String)
                    return false;
                var value = await reader.Redis.StringGetAsync(key);
                return TestHints.Of().Read<LeaseRecord>(HintKinds.Lease, key, value, TimeSpan.FromMinutes(1))?.NodeId == nodeId;
            }
        );

    private static async Task<int> WriteAsync(IDatabase redis, RedisKey key, RedisValue value, CancellationToken stopping)
    {
        var written = 0;
        for (; !stopping.IsCancellationRequested; written++)
            await redis.StringSetAsync(key, value, TimeSpan.FromDays(1));
        return written;
    }

    private static async Task<int> ProbeAsync(TestNode node, string path)
    {
        using var http = ProvenHttp.Of(TestStores.ClusterSecret);
        using var response = await http.GetAsync(new Uri(new Uri(node.Presence.Address), path));
        return (int)response.StatusCode;
    }

    private static Task OneLeadsAsync(TestNode one, TestNode two, TimeSpan within) =>
        Eventually.TrueAsync(
            "exactly one node leads",
            within,
            () => new[] { one, two }.Count(node => node.Presence.State == "active") == 1
        );

    private static Task NodesAreKnownAsync(TestNode node, TimeSpan within) =>
        Eventually.TrueAsync(
            "both nodes are in the registry",
            within,
            async () =>
            {
                try
                {
                    return (await node.Nodes.ListAsync()).Select(known => known.NodeId).SequenceEqual(["n1", "n2"]);
                }
                catch (Exception error) when (error is RedisException or TimeoutException)
                {
                    // Retried, because the connection to Redis may still be recovering.
                    return false;
                }
            }
        );
}
