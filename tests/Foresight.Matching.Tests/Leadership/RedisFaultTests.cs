using Foresight.Cluster;
using Foresight.Matching.Tests.Nodes;
using Foresight.Matching.Tests.Stores;
using Foresight.Protocol;
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
    public async Task WithRedisDownAtStart_NodesFollow_AndOneLeadsSoonAfterItIsBack()
    {
        await stores.KillAsync("redis");
        await using var one = await TestNode.StartAsync("n1", _cluster);
        await using var two = await TestNode.StartAsync("n2", _cluster);
        // Logged when a bid was due and withheld. A node that took "no answer" for a vacant lease would not log it.
        foreach (var node in new[] { one, two })
            await Eventually.TrueAsync(
                "the node logs that it does not bid",
                Eventually.Patience,
                () => node.Said.Any(line => line.Contains("not bidding until it can"))
            );
        Assert.Equal(["follower", "follower"], [one.Presence.State, two.Presence.State]);
        Assert.Equal(0L, await _cluster.ScalarAsync<long>("SELECT count(*) FROM leadership"));
        await Eventually.TrueAsync("it is not ready", Eventually.Patience, async () => await ProbeAsync(one, "ready") == 503);
        Assert.Equal(200, await ProbeAsync(one, "alive"));

        await stores.StartAgainAsync("redis");
        await OneLeadsAsync(one, two, Eventually.Patience);
        Assert.Equal(ResultStatus.Accepted, (await one.Router.SendAsync(Traders.Fund(1))).Status);
        await NodesAreKnownAsync(one, Eventually.Patience);
        await Eventually.TrueAsync("it is ready", Eventually.Patience, async () => await ProbeAsync(one, "ready") == 200);
    }

    [Fact]
    public async Task WithRedisKilledAndRestartedEmpty_TradingGoesOn_AndTheRegistryIsRebuilt()
    {
        await stores.StartAgainAsync("redis");
        await using var one = await TestNode.StartAsync("n1", _cluster);
        await one.ActiveAsync();
        await using var two = await TestNode.StartAsync("n2", _cluster);
        await one.Router.SendAsync(Traders.Fund(1));
        await NodesAreKnownAsync(one, Eventually.Patience);

        await stores.KillAsync("redis");
        // The leader serves for as long as it may trust its lease.
        Assert.Equal(
            ResultStatus.Accepted,
            (await one.Router.SendAsync(_traders.Place(1, 1, 0, isBuy: true, price: 4_000, lots: 1))).Status
        );
        await Eventually.TrueAsync("the leader stops by its own clock", Eventually.Patience, () => one.Presence.State == "follower");

        await stores.StartAgainAsync("redis");
        await OneLeadsAsync(one, two, Eventually.Patience);
        await NodesAreKnownAsync(one, Eventually.Patience);
        Assert.Equal(
            ResultStatus.Accepted,
            (await two.Router.SendAsync(_traders.Place(1, 1, 0, isBuy: true, price: 4_000, lots: 1))).Status
        );
        await JournalChecks.AssertSoundAsync(_cluster);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ALeaderThatIsCutOffFromRedis_StopsByItsOwnClock_AndAnotherNodeTakesOver(bool onlyHearsNothing)
    {
        await stores.StartAgainAsync("redis");
        var address = stores.Redis.Split(',')[0].Split(':');
        await using var proxy = new TcpProxy(address[0], int.Parse(address[1]));
        var cutOff = await TestNode.StartAsync("n1", _cluster.With("ConnectionStrings:redis", proxy.Redis(stores.Redis)));
        await cutOff.ActiveAsync();
        await using var other = await TestNode.StartAsync("n2", _cluster);

        proxy.Set(onlyHearsNothing ? ProxyMode.FrozenReplies : ProxyMode.Frozen);
        await other.ActiveAsync(Eventually.Patience);
        await Eventually.TrueAsync("the node without Redis follows", Eventually.Patience, () => cutOff.Presence.State == "follower");
        Assert.Equal(ResultStatus.Accepted, (await other.Router.SendAsync(Traders.Fund(1))).Status);

        // After the thaw its late renewals find another node's token, so they must change nothing.
        var thawedAt = DateTimeOffset.UtcNow;
        proxy.Set(ProxyMode.Forward);
        // Redis executes a connection's commands in order, so this one follows the late renewals.
        await Eventually.TrueAsync(
            "the node says again that it follows",
            Eventually.Patience,
            async () =>
            {
                cutOff.Presence.SetLeads("something", false);
                return await other.Nodes.FindAsync("n1") is { State: "follower" } node && node.HeartbeatAt >= thawedAt;
            }
        );
        Assert.Equal("active", other.Presence.State);
        Assert.Equal("follower", cutOff.Presence.State);
        await cutOff.DisposeAsync();
    }

    [Theory]
    [InlineData(null)]
    [InlineData(
        """
            {"nodeId":"ghost","address":"http://127.0.0.1:1","token":"00000000-0000-0000-0000-000000000001","epoch":9,
             "acquiredAt":"2026-01-01T00:00:00Z","lastRenewedAt":"2026-01-01T00:00:00Z"}
            """
    )]
    public async Task ALeaseKeyDeletedOrForgedByHand_LeavesOneWriter_WithinOneLease(string? forged)
    {
        await stores.StartAgainAsync("redis");
        await using var one = await TestNode.StartAsync("n1", _cluster);
        await one.ActiveAsync();
        await using var two = await TestNode.StartAsync("n2", _cluster);
        var key = LeaderDirectory.LeaseKey(LeasedResources.Matching);
        if (forged is null)
            await one.Redis.KeyDeleteAsync(key);
        else
            await one.Redis.StringSetAsync(key, forged);

        await Eventually.TrueAsync(
            "somebody holds the lease again",
            Eventually.Patience,
            async () => (await one.Redis.StringGetAsync(key)).ToString() is { Length: > 0 } value && !value.Contains("ghost")
        );
        await OneLeadsAsync(one, two, Eventually.Patience);
        Assert.Equal(ResultStatus.Accepted, (await two.Router.SendAsync(Traders.Fund(1))).Status);
        await JournalChecks.AssertSoundAsync(_cluster);
    }

    /// <summary>
    /// As after a freeze: Redis receives renewals of a holder that has stopped meanwhile, after the key expired, and writes the key
    /// again. That lease outlasts the test, so only its release lets a node lead.
    /// </summary>
    [Fact]
    public async Task ALeaseThatALateRenewalWrote_IsGivenBackByTheNodeItNames()
    {
        await stores.StartAgainAsync("redis");
        await using var node = await TestNode.StartAsync("n1", _cluster.With("LEASE_TTL_MS", "600000"));
        await node.ActiveAsync();
        var key = LeaderDirectory.LeaseKey(LeasedResources.Matching);
        var own = await node.Redis.StringGetAsync(key);
        await node.Redis.StringSetAsync(key, "forged", TimeSpan.FromMinutes(10));
        await Eventually.TrueAsync("the node follows", Eventually.Patience, () => node.Presence.State == "follower");

        await node.Redis.StringSetAsync(key, own, TimeSpan.FromMinutes(10));
        await node.ActiveAsync();
        Assert.Equal(2L, await _cluster.ScalarAsync<long>("SELECT epoch FROM leadership WHERE resource = 'matching-engine'"));
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

    private static async Task<int> ProbeAsync(TestNode node, string path)
    {
        using var http = new HttpClient
        {
            DefaultRequestVersion = new Version(2, 0),
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
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
                    // The connection to Redis may still be recovering, so this is retried.
                    return false;
                }
            }
        );
}
