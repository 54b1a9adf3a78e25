using System.Globalization;
using Foresight.Contracts;
using Foresight.Matching.Tests.Pipeline;

namespace Foresight.Matching.Tests.PostgresFaults;

/// <summary>The primary dies, the standby is promoted, and the old primary comes back.</summary>
public sealed class PromotionTests : IAsyncLifetime
{
    private readonly Traders traders = new(seed: 71);
    private ReplicatedStores? stores;
    private TestNode? node;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (node is not null) await node.DisposeAsync();
        if (stores is not null) await stores.DisposeAsync();
    }

    [Fact]
    public async Task APromotedStandby_IsFoundWithoutARestart_AndTheOldPrimaryGetsNoMoreWrites()
    {
        stores = await ReplicatedStores.StartAsync(synchronous: true);
        var settings = stores.Settings();
        node = await StartNodeAsync("n1", settings);
        await node.Router.SendAsync(Traders.Fund(1));
        var before = await PlaceAsync(10);

        await stores.DoAsync("postgres", "kill");
        await stores.PromoteAsync();
        var after = await PlaceAsync(10);
        Assert.All(after, answer => Assert.True(answer.Epoch > before[^1].Epoch));
        // Acknowledged before, by a primary whose standby had to have it: all there.
        Assert.Equal(20L, await CountAsync(stores.Standby));
        Assert.Equal(before[^1].Sequence + 1, after[0].Sequence);

        await stores.DoAsync("postgres", "start");
        await PlaceAsync(10);
        // One that starts now, with the old primary first among its servers, does not fall for it.
        await node.DisposeAsync();
        node = await StartNodeAsync("n2", settings);
        await PlaceAsync(10);
        Assert.Equal(40L, await CountAsync(stores.Standby));
        Assert.Equal(10L, await CountAsync(stores.Primary));
        Assert.Equal("1", Convert.ToString(await ReplicatedStores.ScalarAsync(stores.Primary, "SELECT epoch FROM leadership WHERE resource = 'matching-engine'"), CultureInfo.InvariantCulture));
    }

    private static async Task<TestNode> StartNodeAsync(string name, Dictionary<string, string?> settings)
    {
        var started = await TestNode.StartAsync(name, settings);
        await started.ActiveAsync();
        return started;
    }

    private async Task<IReadOnlyList<DoorResult>> PlaceAsync(int count)
    {
        var answers = new List<DoorResult>();
        for (var i = 0; i < count; i++)
        {
            var answer = await node!.Router.SendAsync(traders.Place(1, 1, 0, isBuy: true, price: 4_000, lots: 1));
            Assert.Equal(DoorStatus.Accepted, answer.Status);
            answers.Add(answer);
        }

        return answers;
    }

    private static async Task<long> CountAsync(string server) => (long)(await ReplicatedStores.ScalarAsync(server, "SELECT count(*) FROM orders"))!;
}
