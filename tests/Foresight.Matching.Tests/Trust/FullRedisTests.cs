using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using Foresight.Cluster;
using Foresight.Matching.Tests.Nodes;
using Foresight.Matching.Tests.Stores;
using Foresight.Protocol;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR.Client;
using StackExchange.Redis;
using Xunit.Abstractions;

namespace Foresight.Matching.Tests.Trust;

/// <summary>
/// Somebody with a role's password can fill Redis up to its <c>maxmemory</c>. Then it answers, delivers messages, and refuses every write,
/// so that all records in it expire; nothing notices that by a broken connection.
/// </summary>
[Collection(BreakableStoresCollection.Name)]
[Trait("Category", "Trust")]
public sealed class FullRedisTests(BreakableStoresFixture stores, ITestOutputHelper output) : IAsyncLifetime
{
    private const int Market = 1;
    private const int Orders = 60;

    /// <summary>No stream is silent for longer (docs/decisions/0512).</summary>
    private static readonly TimeSpan HealsWithin = TimeSpan.FromSeconds(10);

    private readonly Traders _traders = new(seed: 71);
    private readonly ConcurrentQueue<DepthMessage> _depth = new();
    private readonly ConcurrentQueue<JsonElement> _continuity = new();
    private RunningExchange _exchange = null!;
    private ConnectionMultiplexer _admin = null!;
    private HubConnection _hub = null!;
    private string _bound = null!;
    private int _price = 1_000;

    public async Task InitializeAsync()
    {
        await stores.StartAgainAsync("redis");
        _admin = await ConnectionMultiplexer.ConnectAsync($"{stores.Redis},allowAdmin=true");
        _bound = (await _admin.GetServers()[0].ConfigGetAsync("maxmemory"))[0].Value;
        _exchange = await RunningExchange.StartAsync(stores, output);
        await _exchange.Nodes.Router.AcceptAsync(Traders.Fund(1));
        _hub = new HubConnectionBuilder()
            .WithUrl(
                new Uri(_exchange.Api(1).BaseAddress!, "hubs/market"),
                HttpTransportType.WebSockets,
                options => options.SkipNegotiation = true
            )
            .Build();
        _hub.On<DepthMessage>(HubEvents.Depth, _depth.Enqueue);
        _hub.On<JsonElement>(HubEvents.Continuity, _continuity.Enqueue);
        await _hub.StartAsync();
        await _hub.InvokeAsync("Subscribe", "depth", Market);
    }

    public async Task DisposeAsync()
    {
        await BoundAsync(_bound);
        await _hub.DisposeAsync();
        await JournalChecks.AssertSoundAsync(_exchange.Cluster);
        await _exchange.DisposeAsync();
        await _admin.DisposeAsync();
    }

    [Fact]
    public async Task WhileRedisIsFull_OrdersAreTaken_NothingIsLost_AndEverythingIsShownAgainWhenThereIsRoom()
    {
        await NodesAreListedAsync(Eventually.Patience);
        await PlaceAndSeeAsync();
        var before = await StatusAsync();
        Assert.Equal((SourceView.Up, 3), (before.Redis!.State, before.Nodes.Count));
        var epoch = await _exchange.Cluster.EpochAsync();

        await BoundAsync("1");
        var refusal = await Assert.ThrowsAsync<RedisServerException>(() => _admin.GetDatabase().StringSetAsync("anything", 1));
        Assert.StartsWith("OOM", refusal.Message, StringComparison.Ordinal);
        await Eventually.TrueAsync("the leader's record is gone", Eventually.Patience, async () => !await LeaderIsShownAsync());
        var placed = new List<string>();
        for (var order = 0; order < Orders; order++)
            placed.Add(await PlaceAsync(node: order % 2));
        await PlaceAndSeeAsync();
        await AssertToldAsForALostRedisAsync();

        var since = Stopwatch.GetTimestamp();
        await BoundAsync(_bound);
        await PlaceAndSeeAsync();
        await NodesAreListedAsync(HealsWithin);
        await Eventually.TrueAsync("the leader is shown again", HealsWithin, LeaderIsShownAsync);
        output.WriteLine($"healed {Stopwatch.GetElapsedTime(since).TotalSeconds:0.0} s after there was room");

        foreach (var hash in placed)
            Assert.Equal(1L, await CountAsync($"orders WHERE status = 0 AND order_hash = decode('{hash[2..]}', 'hex')"));
        Assert.Equal(Orders + 3, await CountAsync("commands WHERE kind = 3"));
        Assert.Equal(epoch, await _exchange.Cluster.EpochAsync());
        foreach (var told in _continuity.GroupBy(told => told.ToString()))
            output.WriteLine($"told {told.Count()} x {told.Key}");
    }

    /// <summary>The nodes' records have expired there, and a list of none would be a lie.</summary>
    private async Task AssertToldAsForALostRedisAsync()
    {
        await Eventually.TrueAsync(
            "no list of nodes is given",
            Eventually.Patience,
            async () => (await _exchange.GetAsync(0, "/cluster/nodes")).Status == 503
        );
        var status = await StatusAsync();
        Assert.Equal((SourceView.Down, SourceView.Up), (status.Redis!.State, status.Postgres!.State));
        Assert.True(status.HasLeader);
        Assert.Equal(("n1", 3), (status.Leader!.NodeId, status.Nodes.Count));
    }

    private async Task<ClusterStatus> StatusAsync() =>
        (await _exchange.GetAsync(0, "/cluster/status")).Body.Deserialize<ClusterStatus>(JsonSerializerOptions.Web)!;

    /// <summary>At one node, and seen by a client of the other.</summary>
    private async Task PlaceAndSeeAsync()
    {
        await PlaceAsync(node: 0);
        await Eventually.TrueAsync(
            $"the client sees the level at {_price}",
            HealsWithin,
            () => _depth.Any(message => message.Levels.Any(level => level is { IsBid: true, Lots: > 0 } && level.PriceTicks == _price))
        );
    }

    private async Task<string> PlaceAsync(int node)
    {
        var order = _traders.Place(1, Market, 0, isBuy: true, price: ++_price, lots: 1);
        var answer = await _exchange.PlaceAsync(node, order);
        Assert.True(answer.Status == 201, answer.ToString());
        return order.Hash;
    }

    private Task NodesAreListedAsync(TimeSpan within) =>
        Eventually.TrueAsync(
            "all three nodes are listed",
            within,
            async () =>
                await _exchange.GetAsync(1, "/cluster/nodes") is { Status: 200 } nodes
                && nodes
                    .Body.EnumerateArray()
                    .Select(node => node.GetProperty("nodeId").GetString())
                    .SequenceEqual(["api-1", "api-2", "n1"])
        );

    private Task<bool> LeaderIsShownAsync() =>
        _admin
            .GetDatabase()
            .KeyExistsAsync(_exchange.Cluster.Settings["REDIS_KEY_PREFIX"] + LeaderDirectory.LeaseKey(LeasedResources.Matching));

    private Task BoundAsync(string bytes) => _admin.GetServers()[0].ConfigSetAsync("maxmemory", bytes);

    private Task<long> CountAsync(string from) => _exchange.Cluster.ScalarAsync<long>($"SELECT count(*) FROM {from}");
}
