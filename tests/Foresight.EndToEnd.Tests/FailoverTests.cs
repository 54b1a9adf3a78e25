using System.Diagnostics;
using Foresight.EndToEnd.Tests.Stack;
using Foresight.Matching.Engine;
using Foresight.Simulator.Flow;
using Foresight.Simulator.Load;
using Xunit.Abstractions;

namespace Foresight.EndToEnd.Tests;

[Collection(StackCollection.Name)]
public sealed class FailoverTests(StackFixture stack, ITestOutputHelper output)
{
    private const double OrdersPerSecond = 40;
    private const int OrdersBeforeAndAfter = 80;

    /// <summary>The requirement with a lease of 5 s: the new leader acknowledges its first order within 8 s.</summary>
    private static readonly TimeSpan LongestGap = TimeSpan.FromSeconds(8);

    /// <summary>
    /// Below the lease of 5 s, which proves that the successor did not wait for it. Measured in the journal, where slow clients do not
    /// count. The aim is 1 s at the 95th percentile; a single run on a busy machine gets slack.
    /// </summary>
    private static readonly TimeSpan LongestHandover = TimeSpan.FromSeconds(4);

    [Fact]
    public Task KillingTheLeaderUnderLoad_LosesNothingThatWasAcknowledged() =>
        LoseTheLeaderAsync(process => process.Kill(), longestSilence: LongestGap);

    [Fact]
    public Task StoppingTheLeaderUnderLoad_HandsOverWithoutWaitingForTheLease() =>
        LoseTheLeaderAsync(process => NodeProcess.AskToEnd(process.Id), longestSilence: LongestHandover);

    private async Task LoseTheLeaderAsync(Action<Process> lose, TimeSpan longestSilence)
    {
        await stack.WaitUntilTradingAsync();
        var firstSequence = await stack.Journal.LastSequenceAsync();
        var before = await stack.LeaderAsync();

        var statistics = new LoadStatistics(keepAcknowledgements: true);
        using var stop = new CancellationTokenSource();
        var load = stack.RunLoadAsync(new SteadyFlow(7, OrdersPerSecond, stack.LoadMarkets, stack.Traders), statistics, stop.Token);
        await WaitForAcknowledgementsAsync(statistics, ofEpochsFrom: before.Epoch);

        using (var process = Process.GetProcessById(before.ProcessId))
        {
            var lostAt = DateTimeOffset.UtcNow;
            lose(process);
            await WaitForAcknowledgementsAsync(statistics, ofEpochsFrom: before.Epoch + 1);
            await stop.CancelAsync();
            var report = await load;

            var firstAfter = report.Acknowledgements.Where(a => a.Epoch > before.Epoch).Min(a => a.At);
            var entries = await stack.Journal.EntriesAfterAsync(firstSequence);
            var silence = TimeSpan.FromMicroseconds(
                entries.First(e => e.Epoch > before.Epoch).Command.AcceptedAtMicros
                    - entries.Last(e => e.Epoch == before.Epoch).Command.AcceptedAtMicros
            );
            output.WriteLine(
                $"first answer after {(firstAfter - lostAt).TotalSeconds:0.00} s, silence in the journal {silence.TotalSeconds:0.00} s; "
                    + $"{report}"
            );
            Assert.InRange(firstAfter - lostAt, TimeSpan.Zero, LongestGap);
            Assert.InRange(silence, TimeSpan.Zero, longestSilence);
            Assert.Equal(before.Epoch + 1, report.Acknowledgements.Max(a => a.Epoch));
            Assert.Equal(0, report.Unresolved);
            await AssertJournalHoldsAsync(entries, report.Acknowledgements, firstSequence);
            await process.WaitForExitAsync();
        }

        await stack.AssertJournalIsSoundAsync();
        await stack.BringBackAsync(before.NodeId);
    }

    private static Task WaitForAcknowledgementsAsync(LoadStatistics statistics, long ofEpochsFrom) =>
        Eventually.TrueAsync(
            $"{OrdersBeforeAndAfter} acknowledged orders of epoch {ofEpochsFrom} or later",
            TimeSpan.FromSeconds(40),
            () => statistics.Acknowledgements.Count(a => a.Epoch >= ofEpochsFrom) >= OrdersBeforeAndAfter
        );

    private async Task AssertJournalHoldsAsync(
        IReadOnlyList<JournalEntry> entries,
        IReadOnlyList<Acknowledgement> acknowledged,
        long firstSequence
    )
    {
        var orders = await stack.Journal.OrdersAfterAsync(firstSequence);

        Assert.Equal(acknowledged.Count, acknowledged.Select(a => a.OrderId).Distinct(StringComparer.OrdinalIgnoreCase).Count());
        var bySequence = entries.ToDictionary(e => e.Sequence);
        foreach (var acknowledgement in acknowledged)
        {
            var order = Assert.Contains(acknowledgement.OrderId, orders);
            Assert.Equal(acknowledgement.RequestedLots, order.QuantityLots);
            Assert.Equal((acknowledgement.Epoch, acknowledgement.Sequence), (order.Epoch, order.Sequence));
            var entry = bySequence[acknowledgement.Sequence];
            Assert.Equal((CommandKind.PlaceOrder, acknowledgement.Epoch, true), (entry.Command.Kind, entry.Epoch, entry.Accepted));
        }

        // A salt identifies an order of an account here, so each is in the journal exactly once.
        var accepted = entries.Where(e => e is { Command.Kind: CommandKind.PlaceOrder, Accepted: true }).ToList();
        Assert.Equal(accepted.Count, accepted.Select(e => (e.Command.Account, e.Command.SaltTag)).Distinct().Count());
        Assert.Equal(accepted.Count, orders.Count);
    }
}
