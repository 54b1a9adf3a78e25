using System.Text.Json;
using System.Text.Json.Nodes;
using Foresight.Matching.Leadership;
using Foresight.ServiceDefaults.Hosting;

namespace Foresight.Bench.Failover;

/// <summary>
/// <c>failover [--fault NAME|all] [--runs N] [--rate R] [--seed N] [--ttl MS] [--renew MS] [--poll MS]</c>: faults under a steady load of
/// orders, through the same router that the Api uses. Each fault hits the leader N times in one running cluster, or in a cluster each time
/// if it cannot be undone. The gap is the longest silence from the fault on. Exit status 0 if nothing was lost, doubled or written by an
/// earlier leader, the journal replays to the live state, and what has a bound kept to it.
/// </summary>
internal static class FailoverVerb
{
    public static async Task<int> RunAsync(Options options)
    {
        var names = Fault.All.Select(fault => fault.Name).ToArray();
        var name = options.OneOf("fault", "kill", ["all", .. names]);
        var runs = (int)options.Number("runs", 20, 1, 10_000);
        var rate = options.Number("rate", 500, 1, 20_000);
        var seed = (int)options.Number("seed", 1, 0, int.MaxValue);
        var lease = LeaseOf(options);
        options.RequireNoOthers();

        var reports = new List<FaultReport>();
        var faults = Fault.All.Where(fault => name == "all" || fault.Name == name).ToList();
        await using (var shared = faults.Exists(fault => fault.Replication == Replication.None) ? await TestStores.StartAsync() : null)
            foreach (var fault in faults)
            {
                Console.WriteLine($"{fault.Name}: {fault.Meaning}; {runs} times under {rate:0} orders/s, seed {seed}");
                var under = lease with { CrashFastPath = fault.FastPath };
                var report = new FaultReport(fault, fault.BoundsOf(under));
                if (fault.Replication == Replication.None)
                    await RunAsync(shared!, fault, under, 1, runs, rate, seed, report);
                for (var run = 1; fault.Replication != Replication.None && run <= runs; run++)
                {
                    await using var own = await TestStores.StartAsync(fault.Replication);
                    await RunAsync(own, fault, under, run, 1, rate, seed + run - 1, report);
                }

                reports.Add(report);
            }

        Console.WriteLine();
        Console.WriteLine(FaultReport.Header);
        foreach (var report in reports)
            Console.WriteLine(report.Line);
        foreach (var report in reports)
            report.SayWhatWasJudged();
        Console.WriteLine((reports is [var only] ? only.Json : Together(reports)).ToJsonString());
        return reports.TrueForAll(report => report.Holds) ? 0 : 1;
    }

    private static LeaseOptions LeaseOf(Options options)
    {
        var defaults = new LeaseOptions();
        var lease = defaults with
        {
            LeaseDuration = Milliseconds("ttl", defaults.LeaseDuration),
            RenewInterval = Milliseconds("renew", defaults.RenewInterval),
            PollInterval = Milliseconds("poll", defaults.PollInterval),
        };
        try
        {
            lease.Validate();
        }
        catch (SettingException e)
        {
            throw new OptionException(e.Message);
        }

        return lease;

        TimeSpan Milliseconds(string name, TimeSpan fallback) =>
            TimeSpan.FromMilliseconds(options.Number(name, (long)fallback.TotalMilliseconds, 20, 600_000));
    }

    private static async Task RunAsync(
        TestStores stores,
        Fault fault,
        LeaseOptions lease,
        int first,
        int runs,
        double rate,
        int seed,
        FaultReport report
    )
    {
        var cluster = await FaultCluster.StartAsync(stores, lease, fault.ProxyPostgres);
        var load = new OrderLoad(cluster.Router, rate, seed);
        await using var run = new FaultRun(fault, cluster, load, report, lease.PollInterval, new Random(seed));
        for (var number = first; number < first + runs; number++)
            await run.BreakAsync(number);
        await run.JudgeAsync();
    }

    private static JsonObject Together(IReadOnlyList<FaultReport> reports) =>
        new()
        {
            ["fault"] = "all",
            ["runs"] = reports.Sum(report => report.Gaps.Count),
            ["gap_max_s"] = reports.Max(report => report.Gaps.Max()),
            ["lost"] = reports.Sum(report => report.Verdict.Lost),
            ["unreplicated"] = reports.Sum(report => report.Verdict.Unreplicated),
            ["doubled"] = reports.Sum(report => report.Verdict.Doubled),
            ["stale_rows"] = reports.Sum(report => report.Verdict.StaleRows),
            ["replay_equal"] = reports.All(report => report.Verdict.ReplayEqual),
            ["holds"] = reports.All(report => report.Holds),
            ["faults"] = JsonSerializer.SerializeToNode(reports.Select(report => report.Json)),
        };
}
