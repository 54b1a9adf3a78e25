using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Foresight.EndToEnd.Tests.Stack;
using Foresight.Protocol;
using Foresight.Simulator.Flow;
using Foresight.Simulator.Load;
using Npgsql;
using Xunit.Abstractions;

namespace Foresight.EndToEnd.Tests;

/// <summary>Its own stack, because a promotion cannot be undone.</summary>
public sealed class DrillFixture : StackFixture
{
    /// <summary>Longer than the lease of 5 s, so that a fault outlasts it.</summary>
    protected override IReadOnlyList<string> MoreArguments => ["--drill", "--sync-standby", "--Drill:Seconds=7"];
}

[CollectionDefinition(Name)]
public sealed class DrillCollection : ICollectionFixture<DrillFixture>
{
    public const string Name = "drill";
}

[Collection(DrillCollection.Name)]
public sealed class DrillTests(DrillFixture stack, ITestOutputHelper output)
{
    private const double OrdersPerSecond = 20;
    private const int OrdersAfterEachFault = 20;

    /// <summary>An answer may take 5 s and a probe 100 ms; a single run on a busy machine gets slack.</summary>
    private static readonly TimeSpan LongestAnswer = TimeSpan.FromSeconds(5) * 2,
        LongestProbe = TimeSpan.FromMilliseconds(100) * 10;

    private static readonly TimeSpan CommandDeadline = TimeSpan.FromSeconds(120);

    [Fact]
    public async Task EveryFaultOfTheDrill_LosesNothing_AndTheCheckerAgrees()
    {
        await stack.WaitUntilTradingAsync();
        var statistics = new LoadStatistics(keepAcknowledgements: true);
        using var stop = new CancellationTokenSource();
        using var attempts = new OrderAttempts();
        using var http = new HttpClient(attempts);
        var load = stack.RunLoadAsync(new SteadyFlow(9, OrdersPerSecond, stack.LoadMarkets, stack.Traders), statistics, stop.Token, http);
        await MoreAcknowledgementsAsync(statistics);

        await FreezeTheStandbyAsync(statistics, attempts);

        // Any replica can take the command, because it finds the leader itself.
        var killed = (await stack.LeaderAsync()).NodeId;
        await DoAsync(killed, "kill-leader");
        await MoreAcknowledgementsAsync(statistics);
        await stack.BringBackAsync(killed);

        foreach (var fault in new[] { "pause-leader", "partition-leader", "partition-redis", "partition-postgres" })
        {
            await DoAsync(killed, fault);
            await MoreAcknowledgementsAsync(statistics);
        }

        await DoAsync("redis", "redis-down");
        await DoAsync("redis", "redis-up");
        await MoreAcknowledgementsAsync(statistics);

        await DoAsync("postgres-replica", "promote-replica");
        await MoreAcknowledgementsAsync(statistics);
        await DoAsync("postgres", KnownResourceCommands.StartCommand);
        await MoreAcknowledgementsAsync(statistics);

        await stop.CancelAsync();
        var report = await load;
        Assert.Equal(0, report.Unresolved);
        await AssertAllThereAsync(report.Acknowledgements);
        // The checker exits at the first violation, so a running one has found none.
        var checker = await stack.App.ResourceNotifications.WaitForResourceAsync("checker", _ => true);
        Assert.Equal(KnownResourceStates.Running, checker.Snapshot.State?.Text);
    }

    private async Task FreezeTheStandbyAsync(LoadStatistics statistics, OrderAttempts attempts)
    {
        using var gateway = ProvenHttp.Of(stack.ClusterSecret);
        var nodes = await stack.GetAsAdminAsync<List<NodeRecord>>("cluster/nodes");
        var ofApi = new ProbeLatency(stack.Http, [.. ProbesOf(stack.ApiUrl(1)), .. ProbesOf(stack.ApiUrl(2))]);
        var ofMatching = new ProbeLatency(
            gateway,
            [.. nodes.Where(node => node.Kind == "matching").SelectMany(node => ProbesOf(node.Address))]
        );
        await using (ofApi)
        await using (ofMatching)
        {
            using (stack.App.Freeze("postgres-replica"))
                await Eventually.TrueAsync("60 orders are answered, and not acknowledged", Eventually.Patience, () => attempts.Open >= 60);
            await MoreAcknowledgementsAsync(statistics);
        }

        output.WriteLine($"frozen standby: orders {attempts}; Api {ofApi}; matching {ofMatching}");
        Assert.InRange(attempts.Longest, TimeSpan.Zero, LongestAnswer);
        Assert.Empty(ofApi.Failures);
        Assert.NotEqual(0, ofMatching.Count);
        Assert.InRange(ofApi.Percentile(0.99), TimeSpan.Zero, LongestProbe);
        Assert.InRange(ofMatching.Percentile(0.99), TimeSpan.Zero, LongestProbe);

        static IEnumerable<Uri> ProbesOf(string address) =>
            new[] { "/alive", "/ready", "/health" }.Select(path => new Uri(new Uri(address), path));
    }

    private async Task DoAsync(string resource, string command)
    {
        var done = await stack.App.ResourceCommands.ExecuteCommandAsync(resource, command).WaitAsync(CommandDeadline);
        Assert.True(done.Success, $"{command} {resource}: {done.Message}");
    }

    private static Task MoreAcknowledgementsAsync(LoadStatistics statistics)
    {
        var before = statistics.Acknowledgements.Count;
        return Eventually.TrueAsync(
            $"{OrdersAfterEachFault} more acknowledged orders",
            Eventually.Patience,
            () => statistics.Acknowledgements.Count >= before + OrdersAfterEachFault
        );
    }

    private async Task AssertAllThereAsync(IReadOnlyList<Acknowledgement> acknowledged)
    {
        var promoted = new NpgsqlConnectionStringBuilder((await stack.App.GetConnectionStringAsync("foresight"))!)
        {
            Port = stack.App.GetEndpoint("postgres-replica", "tcp").Port,
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
