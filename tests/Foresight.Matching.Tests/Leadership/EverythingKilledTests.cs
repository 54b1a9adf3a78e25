using Foresight.Matching.Tests.Nodes;
using Foresight.Matching.Tests.Stores;
using StackExchange.Redis;
using Xunit.Abstractions;

namespace Foresight.Matching.Tests.Leadership;

[Collection(BreakableStoresCollection.Name)]
public sealed class EverythingKilledTests(BreakableStoresFixture stores, ITestOutputHelper output) : IAsyncLifetime
{
    private List<NodeProcess> _nodes = [];
    private TestCluster _cluster = null!;
    private TestClient _client = null!;

    public async Task InitializeAsync()
    {
        await stores.StartAgainAsync("redis");
        _cluster = await TestCluster.CreateAsync(stores);
        _client = new TestClient(_cluster);
    }

    public async Task DisposeAsync()
    {
        foreach (var node in _nodes)
            await node.DisposeAsync();
        await _client.DisposeAsync();
        await _cluster.DisposeAsync();
    }

    [Fact]
    public async Task WithEverythingKilledUnderLoad_TheJournalGivesTheBook_AndEveryAcknowledgedOrderIsThereOnce()
    {
        var seed = Environment.TickCount;
        output.WriteLine($"Seed {seed}.");
        var random = new Random(seed);
        await StartNodesAsync();
        await _client.Router.AcceptAsync(Traders.Fund(1), Traders.Fund(2));
        await using var load = new Load(_client, _cluster);
        for (var i = 0; i < Repeat.Times; i++)
        {
            await load.AcknowledgedAsync(random.Next(20, 200));
            Func<Task>[] deaths = [KillNodesAsync, () => stores.KillAsync("postgres"), () => stores.KillAsync("redis")];
            random.Shuffle(deaths);
            await Task.WhenAll(deaths.Select(death => death()));
            await Task.WhenAll(stores.StartAgainAsync("postgres"), stores.StartAgainAsync("redis"));
            // Pooled connections lead to the server that died, and would each fail once.
            _cluster.Database.Clear();
            await StartNodesAsync();
            await load.AcknowledgedAsync(20);
        }

        await load.AssertNothingLostOrDoubledAsync();
    }

    private async Task KillNodesAsync()
    {
        foreach (var node in _nodes)
            node.KillNow();
        foreach (var node in _nodes)
            await node.DisposeAsync();
    }

    private async Task StartNodesAsync()
    {
        _nodes = [.. new[] { "n1", "n2" }.Select(name => new NodeProcess(name, _cluster.Settings))];
        await Eventually.TrueAsync("one node leads", Eventually.Patience, LeadsAsync);
    }

    private async Task<bool> LeadsAsync()
    {
        try
        {
            return await _client.ActiveAsync() is not null;
        }
        catch (Exception error) when (error is RedisException or TimeoutException)
        {
            // Retried, because the client reconnects a moment after the server is back.
            return false;
        }
    }
}
