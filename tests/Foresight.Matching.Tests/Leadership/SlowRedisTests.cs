using Foresight.Matching.Tests.Nodes;
using Foresight.Matching.Tests.Stores;
using Xunit.Abstractions;

namespace Foresight.Matching.Tests.Leadership;

/// <summary>
/// A Redis that hangs, or that one node reaches slowly, is the hardest kind of outage under load, because no connection breaks.
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
    public async Task WhileRedisHangs_TheLeaderLeadsOn()
    {
        await using var one = await TestNode.StartAsync("n1", _cluster);
        await one.ActiveAsync();
        await using var two = await TestNode.StartAsync("n2", _cluster);
        await using var load = await LoadAsync();
        var before = await _cluster.EpochAsync();

        await one.Redis.ExecuteAsync("CLIENT", "PAUSE", (long)(Lease * 2).TotalMilliseconds, "ALL");
        await one.LeaseRenewedAsync(times: (int)(Lease * 2 / Renewal));
        await load.AcknowledgedAsync(20);
        Assert.Equal((1, before), (Active(one, two), await _cluster.EpochAsync()));
        await load.AssertNothingLostOrDoubledAsync();
    }

    [Theory]
    [InlineData(ProxyMode.Jitter)]
    [InlineData(ProxyMode.Trickle)]
    public async Task ALeaderWhoseWayToRedisIsBad_LeadsOn(ProxyMode mode)
    {
        var seed = Environment.TickCount;
        output.WriteLine($"Seed {seed}.");
        await using var proxy = Proxy(seed);
        await using var leader = await TestNode.StartAsync("n1", _cluster.With("ConnectionStrings:redis", proxy.Redis(stores.Redis)));
        await leader.ActiveAsync();
        await using var other = await TestNode.StartAsync("n2", _cluster);
        await using var load = await LoadAsync();

        var before = await _cluster.EpochAsync();
        proxy.Set(mode);
        await other.LeaseRenewedAsync(times: (int)(Lease * 2 / Renewal));
        await load.AcknowledgedAsync(20);
        Assert.Equal((before, "active"), (await _cluster.EpochAsync(), leader.Presence.State));
        proxy.Set(ProxyMode.Forward);
        await load.AssertNothingLostOrDoubledAsync();
    }

    private static int Active(params TestNode[] nodes) => nodes.Count(node => node.Presence.State == "active");

    private TcpProxy Proxy(int seed)
    {
        var address = stores.Redis.Split(',')[0].Split(':');
        return new TcpProxy(address[0], int.Parse(address[1]), seed);
    }

    private async Task<Load> LoadAsync()
    {
        await _client.Router.AcceptAsync(Traders.Fund(1), Traders.Fund(2));
        var load = new Load(_client, _cluster);
        await load.AcknowledgedAsync(20);
        return load;
    }
}
