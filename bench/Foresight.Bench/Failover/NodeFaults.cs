using Foresight.Matching.Leadership;

namespace Foresight.Bench.Failover;

internal static class NodeFaults
{
    private static readonly TimeSpan EndsWithin = TimeSpan.FromSeconds(10);

    public static readonly IReadOnlyList<Fault> All =
    [
        new("kill", "kill -9 of the leader", KillAsync),
        new("kill-no-fast-path", "kill -9, and nobody may take over before the lease ends", KillAsync, FastPath: false)
        {
            // The lease has to run out, and a poll has to see it: 8 s with a lease of 5 s polled each 0.5 s; 36 s with 30 s and 5 s.
            BoundsOf = lease => new Bounds(Silence: lease.LeaseDuration.TotalSeconds + Math.Max(3, lease.PollInterval.TotalSeconds + 1)),
        },
        new("term", "SIGTERM: the leader hands over", TerminateAsync),
        new("rolling", "SIGTERM and a restart of each node in turn, of the leader first if it has not had its turn", RollAsync)
        {
            BoundsOf = _ => new Bounds(Unavailable: 3),
        },
        new("stop", "SIGSTOP for three leases, then SIGCONT", StopAsync) { BoundsOf = Demoted },
        new(
            "failpoint-insert",
            "SIGSTOP between the fence and the first row of a transaction",
            scene => StopInsideAsync(scene, FreezePoint.BeforeInsert)
        )
        {
            BoundsOf = Demoted,
        },
        new(
            "failpoint-commit",
            "SIGSTOP between the last row of a transaction and its commit",
            scene => StopInsideAsync(scene, FreezePoint.BeforeCommit)
        )
        {
            BoundsOf = Demoted,
        },
    ];

    private static Bounds Demoted(LeaseOptions lease) => new(Demotion: 1);

    private static async Task<Injected> KillAsync(Scene scene)
    {
        scene.Leader.Process.KillNow();
        await scene.Leader.Process.EndedAsync(EndsWithin);
        return new Injected(Ended: scene.Leader.Name);
    }

    private static Task<Injected> TerminateAsync(Scene scene)
    {
        scene.Leader.Process.AskToEnd();
        return Task.FromResult(new Injected(Ended: scene.Leader.Name));
    }

    private static async Task<Injected> RollAsync(Scene scene)
    {
        var wrong = new List<string>();
        var handOvers = 0;
        var waiting = scene.Cluster.Members.ToList();
        while (waiting.Count > 0)
        {
            var leader = await scene.Cluster.LeaderAsync();
            var next = waiting.Find(member => member == leader) ?? waiting[0];
            if (next == leader)
                handOvers++;
            waiting.Remove(next);
            next.Process.AskToEnd();
            await next.Process.EndedAsync(EndsWithin);
            if (next.Process.ExitCode != 0)
                wrong.Add($"{next.Name} ended with {next.Process.ExitCode} when it was told to");
            await scene.Cluster.StartNodeAsync(next.Name);
            await scene.Cluster.AllStandByAsync();
        }

        return new Injected(Said: $"{handOvers} hand-overs") { Wrong = wrong };
    }

    private static async Task<Injected> StopAsync(Scene scene)
    {
        scene.Leader.Process.Pause();
        await Task.Delay(scene.LeaseDuration * 3);
        return Resume(scene.Leader);
    }

    private static async Task<Injected> StopInsideAsync(Scene scene, FreezePoint point)
    {
        var before = await scene.Cluster.EpochAsync();
        await using (var freeze = await CommitFreeze.ArmAsync(scene.Cluster.Database, point))
        {
            await FaultCluster.UntilAsync("a transaction of the leader waits at the failpoint", freeze.HoldsOneAsync);
            scene.Leader.Process.Pause();
            // The transaction stays open and keeps the fence's row locked until the next leader terminates it.
            await scene.Cluster.NextEpochAsync(before);
        }

        await Task.Delay(scene.LeaseDuration);
        return Resume(scene.Leader);
    }

    private static Injected Resume(FaultCluster.Member leader)
    {
        var now = DateTimeOffset.UtcNow;
        leader.Process.Resume();
        return new Injected(now, Zombie: leader.Name);
    }
}
