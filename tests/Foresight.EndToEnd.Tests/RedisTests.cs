using System.Diagnostics;
using Foresight.EndToEnd.Tests.Stack;
using Foresight.Protocol;
using Foresight.Simulator.Flow;
using Foresight.Simulator.Load;
using Xunit.Abstractions;

namespace Foresight.EndToEnd.Tests;

[Collection(StackCollection.Name)]
public sealed class RedisTests(StackFixture stack, ITestOutputHelper output)
{
    /// <summary>The lease of 5 s must end first; as long is left for the rest.</summary>
    private static readonly TimeSpan BackAfter = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task RedisKilledAndRestartedEmpty_EndsNoProcess_AndTradingGoesOn()
    {
        await stack.WaitUntilTradingAsync();
        var before = await ProcessIdsAsync();
        Assert.Equal(3, before.Count(node => node.Key.StartsWith("matching", StringComparison.Ordinal)));
        var epoch = (await stack.LeaderAsync()).Epoch;
        var firstSequence = await stack.Journal.LastSequenceAsync();

        var statistics = new LoadStatistics(keepAcknowledgements: true);
        using var stop = new CancellationTokenSource();
        var load = stack.RunLoadAsync(new SteadyFlow(13, 30, stack.LoadMarkets, stack.Traders), statistics, stop.Token);
        await Eventually.TrueAsync("30 orders", TimeSpan.FromSeconds(20), () => statistics.Acknowledgements.Count >= 30);

        await stack.App.KillAsync("redis");
        await stack.App.StartServerAsync("redis");
        var back = Stopwatch.GetTimestamp();
        var restoredAt = DateTimeOffset.UtcNow;
        await Eventually.TrueAsync(
            "30 orders after Redis came back",
            TimeSpan.FromSeconds(40),
            () => statistics.Acknowledgements.Count(a => a.At > restoredAt) >= 30
        );
        var first = statistics.Acknowledgements.Where(a => a.At > restoredAt).Min(a => a.At) - restoredAt;
        await stop.CancelAsync();
        var report = await load;
        output.WriteLine(
            $"first acknowledgement {first.TotalSeconds:0.0} s after Redis was back, all after "
                + $"{Stopwatch.GetElapsedTime(back).TotalSeconds:0.0} s; {report}"
        );

        Assert.InRange(first, TimeSpan.Zero, BackAfter);
        Assert.Equal(0, report.Unresolved);
        var orders = await stack.Journal.OrdersAfterAsync(firstSequence);
        Assert.All(report.Acknowledgements, a => Assert.Contains(a.OrderId, orders));
        // Heartbeats must rebuild the registry of nodes without a restart.
        await Eventually.TrueAsync(
            "the registry to be rebuilt",
            TimeSpan.FromSeconds(30),
            async () =>
                (await ProcessIdsAsync()) is var now && before.All(node => now.TryGetValue(node.Key, out var pid) && pid == node.Value)
        );
        Assert.InRange((await stack.LeaderAsync()).Epoch, epoch, epoch + 1);
        await stack.AssertJournalIsSoundAsync();
    }

    private async Task<IReadOnlyDictionary<string, int>> ProcessIdsAsync()
    {
        var nodes = await stack.GetAsAdminAsync<List<NodeRecord>>("cluster/nodes");
        return nodes.ToDictionary(node => node.NodeId, node => node.ProcessId);
    }
}
