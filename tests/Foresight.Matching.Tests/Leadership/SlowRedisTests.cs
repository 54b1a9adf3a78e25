using Foresight.Matching.Tests.Nodes;
using Foresight.Matching.Tests.Stores;
using Xunit.Abstractions;

namespace Foresight.Matching.Tests.Leadership;

/// <summary>
/// A Redis that hangs, or that one node reaches slowly, under load: the hardest kind of outage, because no connection breaks.
/// </summary>
[Collection(BreakableStoresCollection.Name)]
public sealed class SlowRedisTests(BreakableStoresFixture stores, ITestOutputHelper output) : IAsyncLifetime
{
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Renewal = TimeSpan.FromMilliseconds(400);

    private TestCluster _cluster = null!;
    private TestClient _client = null!;

    public async Task InitializeAsync()
    {
        await stores.StartAgainAsync("redis");
        _cluster = await TestCluster.CreateAsync(
            stores,
            new("LEASE_TTL_MS", $"{Lease.TotalMilliseconds}"),
            new("LEASE_RENEW_MS", $"{Renewal.TotalMilliseconds}"),
            new("LEASE_MARGIN_MS", "200")
        );
        _client = new TestClient(_cluster);
    }

    public async Task DisposeAsync()
    {
        await _client.DisposeAsync();
        await _cluster.DisposeAsync();
    }

    [Fact]
    public async Task WhileRedisHangs_NobodyLeadsBeyondItsLease_AndOneLeadsOnceItAnswers()
    {
        await using var one = await TestNode.StartAsync("n1", _cluster);
        await one.ActiveAsync();
        await using var two = await TestNode.StartAsync("n2", _cluster);
        await using var load = await LoadAsync();
        var before = await EpochAsync();

        await one.Redis.ExecuteAsync("CLIENT", "PAUSE", (long)(Lease * 2).TotalMilliseconds, "ALL");
        await Eventually.TrueAsync("the leader stops by its own clock", Eventually.Patience, () => Active(one, two) == 0);
        await Eventually.TrueAsync("one node leads again", Eventually.Patience, () => Active(one, two) == 1);
        await load.AcknowledgedAsync(20);
        Assert.True(await EpochAsync() > before);
        await load.AssertNothingLostOrDoubledAsync();
    }

    [Fact]
    public async Task ALeaderWhoseWayToRedisJitters_ChangesAtMostOnceInTwoLeases()
    {
        var seed = Environment.TickCount;
        output.WriteLine($"Seed {seed}.");
        await using var proxy = Proxy(seed);
        await using var leader = await TestNode.StartAsync("n1", _cluster.With("ConnectionStrings:redis", proxy.Redis(stores.Redis)));
        await leader.ActiveAsync();
        await using var other = await TestNode.StartAsync("n2", _cluster);
        await using var load = await LoadAsync();

        var before = await EpochAsync();
        proxy.Set(ProxyMode.Jitter);
        // A leader renews no more often than that, so the time of two leases is over.
        await other.LeaseRenewedAsync(times: (int)(Lease * 2 / Renewal));
        Assert.InRange(await EpochAsync() - before, 0, 1);
        await load.AcknowledgedAsync(20);
        proxy.Set(ProxyMode.Forward);
        await load.AcknowledgedAsync(20);
        await load.AssertNothingLostOrDoubledAsync();
    }

    [Fact]
    public async Task ALeaderWhoseWayToRedisTrickles_StopsByItsOwnClock_AndItsLateRenewalsChangeNothing()
    {
        await using var proxy = Proxy(seed: 1);
        await using var leader = await TestNode.StartAsync("n1", _cluster.With("ConnectionStrings:redis", proxy.Redis(stores.Redis)));
        await leader.ActiveAsync();
        await using var other = await TestNode.StartAsync("n2", _cluster);
        await using var load = await LoadAsync();

        proxy.Set(ProxyMode.Trickle);
        await other.ActiveAsync();
        await Eventually.TrueAsync("the slow node follows", Eventually.Patience, () => leader.Presence.State == "follower");
        await load.AcknowledgedAsync(20);
        proxy.Set(ProxyMode.Forward);
        var forwardedAt = DateTimeOffset.UtcNow;
        // Redis executes a connection's commands in order, so this one follows the late renewals.
        await Eventually.TrueAsync(
            "the slow node says again that it follows",
            Eventually.Patience,
            async () =>
            {
                leader.Presence.SetLeads("something", false);
                return await other.Nodes.FindAsync("n1") is { State: "follower" } node && node.HeartbeatAt >= forwardedAt;
            }
        );
        Assert.Equal(("follower", "active"), (leader.Presence.State, other.Presence.State));
        await load.AcknowledgedAsync(20);
        await load.AssertNothingLostOrDoubledAsync();
    }

    private static int Active(params TestNode[] nodes) => nodes.Count(node => node.Presence.State == "active");

    private TcpProxy Proxy(int seed)
    {
        var address = stores.Redis.Split(',')[0].Split(':');
        return new TcpProxy(address[0], int.Parse(address[1]), seed);
    }

    private Task<long> EpochAsync() => _cluster.ScalarAsync<long>("SELECT epoch FROM leadership WHERE resource = 'matching-engine'");

    private async Task<Load> LoadAsync()
    {
        await _client.Router.SendAsync([Traders.Fund(1), Traders.Fund(2)]);
        var load = new Load(_client, _cluster);
        await load.AcknowledgedAsync(20);
        return load;
    }
}
