using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Foresight.Bench.Failover;

/// <summary>
/// <c>failover [--fault NAME|all] [--runs N] [--rate R] [--seed N]</c>: three nodes with the default lease (5 s, renewed each 1.5 s) under a steady load of
/// orders over 20 markets, through the same router that the Api uses; each fault hits the leader N times in one running cluster. The gap is the longest
/// silence from the fault on. Exit status 0 if nothing was lost, doubled or written by a leader of the past, and the journal replays to the live state.
/// </summary>
internal static class FailoverVerb
{
    /// <summary>Orders acknowledged before a fault, and after it, in seconds of load.</summary>
    private static readonly TimeSpan Steady = TimeSpan.FromSeconds(1);

    public static async Task<int> RunAsync(Options options)
    {
        var names = Fault.All.Select(fault => fault.Name).ToArray();
        var name = options.OneOf("fault", "kill", ["all", .. names]);
        var runs = (int)options.Number("runs", 20, 1, 10_000);
        var rate = options.Number("rate", 500, 1, 20_000);
        var seed = (int)options.Number("seed", 1, 0, int.MaxValue);
        options.RequireNoOthers();

        await using var stores = await FaultStores.StartAsync();
        var reports = new List<FaultReport>();
        foreach (var fault in Fault.All.Where(fault => name == "all" || fault.Name == name)) reports.Add(await RunAsync(stores, fault, runs, rate, seed));

        Console.WriteLine();
        Console.WriteLine(FaultReport.Header);
        foreach (var report in reports) Console.WriteLine(report.Line);
        foreach (var report in reports) report.SayWhatIsWrong();
        Console.WriteLine((reports is [var only] ? only.Json : Together(reports)).ToJsonString());
        return reports.TrueForAll(report => report.Verdict.Holds) ? 0 : 1;
    }

    private static async Task<FaultReport> RunAsync(FaultStores stores, Fault fault, int runs, double rate, int seed)
    {
        Console.WriteLine($"{fault.Name}: {fault.Meaning}; {runs} times under {rate:0} orders/s, seed {seed}");
        await using var cluster = await FaultCluster.StartAsync(stores, fault.FastPath, fault.ProxyPostgres);
        var report = new FaultReport(fault);
        await using var load = new OrderLoad(cluster.Router, rate, seed);
        for (var run = 1; run <= runs; run++)
        {
            await AcknowledgedAsync(load, rate);
            var leader = await cluster.LeaderAsync();
            var before = await cluster.EpochAsync();
            var injectedAt = Stopwatch.GetTimestamp();
            var injected = await fault.InjectAsync(cluster, leader);
            var liftedAt = Stopwatch.GetTimestamp();
            if (injected.Zombie is { } zombie)
            {
                await FaultCluster.UntilAsync("the stopped node follows", () => cluster.FollowsSinceAsync(zombie, injected.Lifted!.Value));
                report.Demoted.Add(Stopwatch.GetElapsedTime(liftedAt).TotalSeconds);
            }

            if (fault.HasSuccessor)
                await FaultCluster.UntilAsync("the next leader acknowledges", () => Task.FromResult(load.LastEpoch > before));
            await AcknowledgedAsync(load, rate);
            var gap = LongestSilence(load, injectedAt);
            report.Gaps.Add(gap);
            if (injected.Lifted is not null && injected.Zombie is null)
                report.Back.Add(FirstAfter(load, liftedAt));
            report.Epochs.Add(await cluster.EpochAsync() - before);
            var zombieTook = injected.Zombie is null ? "" : $", follows {report.Demoted[^1]:0.00} s after SIGCONT";
            var phases = report.Epochs[^1] == 0 ? "" : $" (take-over, ms: {await cluster.PhasesAsync()})";
            Console.WriteLine($"  {run,3}: gap {gap:0.00} s, {report.Epochs[^1]} epochs{zombieTook}{phases}");
            if (injected.Ended is { } ended) await RestartAsync(cluster, ended);
            await cluster.AllStandByAsync();
        }

        await load.FinishAsync();
        report.Finish(load, await Verdict.OfAsync(cluster, load));
        return report;
    }

    private static async Task RestartAsync(FaultCluster cluster, string name)
    {
        await cluster.Members.Single(member => member.Name == name).Process.EndedAsync(TimeSpan.FromSeconds(30));
        await cluster.StartNodeAsync(name);
    }

    private static Task AcknowledgedAsync(OrderLoad load, double rate)
    {
        var goal = load.Count + (int)Math.Max(1, rate * Steady.TotalSeconds);
        return FaultCluster.UntilAsync("orders are acknowledged", () => Task.FromResult(load.Count >= goal));
    }

    private static double LongestSilence(OrderLoad load, long from)
    {
        var (longest, last) = (TimeSpan.Zero, from);
        foreach (var at in load.Acknowledgements.Select(one => one.At).Where(at => at > from).Order())
        {
            var silence = Stopwatch.GetElapsedTime(last, at);
            if (silence > longest) longest = silence;
            last = at;
        }

        return longest.TotalSeconds;
    }

    private static double FirstAfter(OrderLoad load, long from) =>
        Stopwatch.GetElapsedTime(from, load.Acknowledgements.Select(one => one.At).Where(at => at > from).Min()).TotalSeconds;

    private static JsonObject Together(IReadOnlyList<FaultReport> reports) => new()
    {
        ["fault"] = "all", ["runs"] = reports.Sum(report => report.Gaps.Count), ["gap_max_s"] = reports.Max(report => report.Gaps.Max()),
        ["lost"] = reports.Sum(report => report.Verdict.Lost), ["doubled"] = reports.Sum(report => report.Verdict.Doubled),
        ["stale_rows"] = reports.Sum(report => report.Verdict.StaleRows), ["replay_equal"] = reports.All(report => report.Verdict.ReplayEqual),
        ["faults"] = JsonSerializer.SerializeToNode(reports.Select(report => report.Json)),
    };
}
