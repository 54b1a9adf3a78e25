using System.Diagnostics;

namespace Foresight.Bench.Failover;

/// <param name="within">Each fault comes at a random moment of it, drawn by <paramref name="moments"/>.</param>
internal sealed class FaultRun(Fault fault, FaultCluster cluster, OrderLoad load, FaultReport report, TimeSpan within, Random moments)
    : IAsyncDisposable
{
    /// <summary>A client would notice it: at 500 orders a second an answer arrives every few milliseconds.</summary>
    public static readonly TimeSpan Noticeable = TimeSpan.FromMilliseconds(250);

    private static readonly TimeSpan Steady = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan EndsWithin = TimeSpan.FromSeconds(30);

    private readonly List<string> _wrong = [];
    private readonly HashSet<JournalPlace> _unreplicated = [];

    public async Task BreakAsync(int number)
    {
        await AcknowledgedAsync();
        var leader = await cluster.LeaderAsync();
        var before = await cluster.EpochAsync();
        // What was awaited until here moves with the nodes' own looks, and so would the time until the next look notices the fault.
        await Task.Delay(moments.NextDouble() * within);
        var injectedAt = Stopwatch.GetTimestamp();
        var injected = await fault.InjectAsync(new Scene(cluster, leader, load));
        var liftedAt = Stopwatch.GetTimestamp();
        if (injected.Zombie is { } zombie)
        {
            await FaultCluster.UntilAsync("the stopped node follows", () => cluster.FollowsSinceAsync(zombie, injected.Lifted!.Value));
            report.Demoted.Add(Stopwatch.GetElapsedTime(liftedAt).TotalSeconds);
        }

        if (fault.HasSuccessor)
            await FaultCluster.UntilAsync("the next leader acknowledges", () => Task.FromResult(load.LastEpoch > before));
        await AcknowledgedAsync();
        Measure(injectedAt, injected.Lifted is null || injected.Zombie is not null ? null : liftedAt);
        report.Epochs.Add(await cluster.EpochAsync() - before);
        _wrong.AddRange(injected.Wrong.Select(sentence => $"run {number}: {sentence}"));
        _unreplicated.UnionWith(injected.Unreplicated);
        await SayAsync(number, injected);
        if (injected.Ended is { } ended)
            await RestartAsync(ended);
        await cluster.AllStandByAsync();
        // Otherwise the next run would measure how this run's backlog drains.
        await FaultCluster.UntilAsync(
            "the orders that waited are answered",
            () => Task.FromResult(load.UnderWay <= load.Rate * Steady.TotalSeconds)
        );
    }

    public async Task JudgeAsync()
    {
        await load.FinishAsync();
        report.Finish(load, await Verdict.OfAsync(cluster, load, _unreplicated), _wrong);
    }

    public async ValueTask DisposeAsync()
    {
        await load.DisposeAsync();
        await cluster.DisposeAsync();
    }

    private async Task SayAsync(int number, Injected injected)
    {
        var zombieTook = injected.Zombie is null ? "" : $", follows {report.Demoted[^1]:0.00} s after SIGCONT";
        var unavailable = report.Unavailable[^1] > report.Gaps[^1] ? $" ({report.Unavailable[^1]:0.00} s in all)" : "";
        var phases = report.Epochs[^1] == 0 ? "" : $" (take-over, ms: {await cluster.PhasesAsync()})";
        var said = injected.Said is { } sentence ? $"; {sentence}" : "";
        Console.WriteLine(
            $"  {number, 3}: gap {report.Gaps[^1]:0.00} s{unavailable}, {report.Epochs[^1]} epochs{zombieTook}{said}{phases}"
        );
    }

    private async Task RestartAsync(string name)
    {
        await cluster.Members.Single(member => member.Name == name).Process.EndedAsync(EndsWithin);
        await cluster.StartNodeAsync(name);
    }

    private Task AcknowledgedAsync()
    {
        var goal = load.Count + (int)Math.Max(1, load.Rate * Steady.TotalSeconds);
        return FaultCluster.UntilAsync("orders are acknowledged", () => Task.FromResult(load.Count >= goal));
    }

    private void Measure(long injected, long? lifted)
    {
        var answered = load.Acknowledgements.Where(one => one.At > injected).OrderBy(one => one.At).ToList();
        var silences = answered
            .Select((one, index) => Stopwatch.GetElapsedTime(index == 0 ? injected : answered[index - 1].At, one.At))
            .ToList();
        report.Gaps.Add(silences.Max().TotalSeconds);
        report.Unavailable.Add(silences.Where(silence => silence >= Noticeable).Sum(silence => silence.TotalSeconds));
        report.Answers.Add(answered.Max(one => Stopwatch.GetElapsedTime(one.SentAt, one.At)).TotalSeconds);
        if (lifted is { } at)
            report.Back.Add(Stopwatch.GetElapsedTime(at, answered.First(one => one.At > at).At).TotalSeconds);
    }
}
