using Aspire.Hosting.Testing;
using Foresight.EndToEnd.Tests.Stack;
using Foresight.Simulator.Flow;
using Foresight.Simulator.Load;
using Npgsql;

namespace Foresight.EndToEnd.Tests;

/// <summary>A stack of its own, because a promotion cannot be undone.</summary>
public sealed class DrillFixture : StackFixture
{
    /// <summary>Longer than the lease, which is 5 s.</summary>
    protected override IReadOnlyList<string> MoreArguments => ["--drill", "--sync-standby", "--Drill:Seconds=7"];
}

[CollectionDefinition(Name)]
public sealed class DrillCollection : ICollectionFixture<DrillFixture>
{
    public const string Name = "drill";
}

/// <summary>What the README invites to: break it while orders come, and see that nothing acknowledged is lost.</summary>
[Collection(DrillCollection.Name)]
public sealed class DrillTests(DrillFixture stack)
{
    private const double OrdersPerSecond = 20;
    private const int OrdersAfterEachFault = 20;

    private static readonly TimeSpan CommandDeadline = TimeSpan.FromSeconds(120);

    [Fact]
    public async Task EveryFaultOfTheDrill_LosesNothing_AndTheCheckerAgrees()
    {
        await stack.WaitUntilTradingAsync();
        var statistics = new LoadStatistics(keepAcknowledgements: true);
        using var stop = new CancellationTokenSource();
        var load = stack.RunLoadAsync(new SteadyFlow(9, OrdersPerSecond, stack.LoadMarkets, stack.Traders), statistics, stop.Token);
        await MoreAcknowledgementsAsync(statistics);

        var killed = (await stack.LeaderAsync()).NodeId;
        await DoAsync("matching-1", "kill-leader");
        await MoreAcknowledgementsAsync(statistics);
        await stack.BringBackAsync(killed);

        await DoAsync("matching-1", "partition-leader");
        await MoreAcknowledgementsAsync(statistics);

        await DoAsync("redis", "down");
        await DoAsync("redis", "up");
        await MoreAcknowledgementsAsync(statistics);

        await DoAsync("postgres-replica", "promote");
        await MoreAcknowledgementsAsync(statistics);
        await DoAsync("postgres", "start");
        await MoreAcknowledgementsAsync(statistics);

        await stop.CancelAsync();
        var report = await load;
        await AssertAllThereAsync(report.Acknowledgements);
        // It ends at the first violation.
        Assert.True(stack.App.ResourceNotifications.TryGetCurrentState("checker", out var checker));
        Assert.Equal("Running", checker!.Snapshot.State?.Text);
    }

    private async Task DoAsync(string resource, string command)
    {
        var done = await stack.App.ResourceCommands.ExecuteCommandAsync(resource, command).WaitAsync(CommandDeadline);
        Assert.True(done.Success, $"{command} {resource}: {done.ErrorMessage}");
    }

    private static Task MoreAcknowledgementsAsync(LoadStatistics statistics)
    {
        var before = statistics.Acknowledgements.Count;
        return Eventually.TrueAsync(
            $"{OrdersAfterEachFault} more acknowledged orders", Eventually.Patience,
            () => statistics.Acknowledgements.Count >= before + OrdersAfterEachFault);
    }

    private async Task AssertAllThereAsync(IReadOnlyList<Acknowledgement> acknowledged)
    {
        var promoted = new NpgsqlConnectionStringBuilder((await stack.App.GetConnectionStringAsync("foresight"))!)
        {
            Port = stack.App.GetEndpoint("postgres-replica").Port,
        };
        await using var journal = new Journal(promoted.ConnectionString);
        var orders = await journal.OrdersAfterAsync(0);
        foreach (var acknowledgement in acknowledged)
        {
            var order = Assert.Contains(acknowledgement.OrderId, orders);
            Assert.Equal((acknowledgement.Epoch, acknowledgement.Sequence), (order.Epoch, order.Sequence));
        }
    }
}
