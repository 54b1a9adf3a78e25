using Foresight.Matching.Tests.Stores;

namespace Foresight.Bench.Failover;

/// <summary>What happened to the leader.</summary>
/// <param name="Lifted">When a fault that lasts was over; null: it does not last.</param>
/// <param name="Zombie">A node that went on after another one had taken over.</param>
internal sealed record Injected(DateTimeOffset? Lifted = null, string? Zombie = null, string? Ended = null);

/// <summary>One way to break a cluster.</summary>
/// <param name="InjectAsync">Breaks it, lifts what lasts, and says what it did.</param>
/// <param name="HasSuccessor">A term must end by it.</param>
/// <param name="FastPath">Whether followers may take over from a dead leader before its lease ends.</param>
internal sealed record Fault(
    string Name, string Meaning, Func<FaultCluster, FaultCluster.Member, Task<Injected>> InjectAsync, bool HasSuccessor = true, bool FastPath = true,
    bool ProxyPostgres = false)
{
    /// <summary>The default lease.</summary>
    private static readonly TimeSpan LeaseDuration = TimeSpan.FromSeconds(5);

    public static readonly IReadOnlyList<Fault> All =
    [
        new("kill", "kill -9 of the leader", KillAsync),
        new("kill-no-fast-path", "kill -9, and nobody may take over before the lease ends", KillAsync, FastPath: false),
        new("term", "SIGTERM: the leader hands over", TerminateAsync),
        new("stop", "SIGSTOP for three leases, then SIGCONT", StopAsync),
        new("failpoint-insert", "SIGSTOP between the fence and the first row of a transaction", (c, l) => StopInsideAsync(c, l, FreezePoint.BeforeInsert)),
        new("failpoint-commit", "SIGSTOP between the last row of a transaction and its commit", (c, l) => StopInsideAsync(c, l, FreezePoint.BeforeCommit)),
        new("redis-kill", "kill -9 of Redis, restarted empty", KillRedisAsync, HasSuccessor: false),
        new("redis-freeze", "SIGSTOP of Redis for two leases", FreezeRedisAsync),
        new("redis-pause", "CLIENT PAUSE of everybody for two leases", PauseRedisAsync),
        new("partition", "the leader is cut off from Redis, and from nothing else", (c, l) => PartitionAsync(c, l, leader => leader.Redis, ProxyMode.Frozen)),
        new("partition-one-way", "Redis hears the leader, and the leader hears nothing", (c, l) => PartitionAsync(c, l, leader => leader.Redis, ProxyMode.FrozenReplies)),
        new("partition-postgres", "the leader is cut off from Postgres, and from nothing else",
            (c, l) => PartitionAsync(c, l, leader => leader.Postgres!, ProxyMode.Frozen), ProxyPostgres: true),
    ];

    private static async Task<Injected> KillAsync(FaultCluster cluster, FaultCluster.Member leader)
    {
        leader.Process.KillNow();
        await leader.Process.EndedAsync(LeaseDuration);
        return new Injected(Ended: leader.Name);
    }

    private static Task<Injected> TerminateAsync(FaultCluster cluster, FaultCluster.Member leader)
    {
        leader.Process.AskToEnd();
        return Task.FromResult(new Injected(Ended: leader.Name));
    }

    private static async Task<Injected> StopAsync(FaultCluster cluster, FaultCluster.Member leader)
    {
        leader.Process.Pause();
        await Task.Delay(LeaseDuration * 3);
        return Resume(leader);
    }

    private static async Task<Injected> StopInsideAsync(FaultCluster cluster, FaultCluster.Member leader, FreezePoint point)
    {
        var before = await cluster.EpochAsync();
        await using (var freeze = await CommitFreeze.ArmAsync(cluster.Database, point))
        {
            await FaultCluster.UntilAsync("a transaction of the leader waits at the failpoint", freeze.HoldsOneAsync);
            leader.Process.Pause();
            // The transaction stays open, with the fence's row locked, until the next leader ends it.
            await FaultCluster.UntilAsync("another node takes the next epoch", async () => await cluster.EpochAsync() > before);
        }

        await Task.Delay(LeaseDuration);
        return Resume(leader);
    }

    private static async Task<Injected> KillRedisAsync(FaultCluster cluster, FaultCluster.Member leader)
    {
        await cluster.Stores.KillRedisAsync();
        await cluster.Stores.StartRedisAsync();
        return new Injected(DateTimeOffset.UtcNow);
    }

    private static async Task<Injected> FreezeRedisAsync(FaultCluster cluster, FaultCluster.Member leader)
    {
        var redis = await cluster.Stores.RedisProcessIdAsync();
        NodeProcess.Pause(redis);
        try
        {
            await Task.Delay(LeaseDuration * 2);
        }
        finally
        {
            NodeProcess.Resume(redis);
        }

        return new Injected(DateTimeOffset.UtcNow);
    }

    private static async Task<Injected> PauseRedisAsync(FaultCluster cluster, FaultCluster.Member leader)
    {
        await cluster.Stores.PauseRedisAsync(LeaseDuration * 2);
        await Task.Delay(LeaseDuration * 2);
        return new Injected(DateTimeOffset.UtcNow);
    }

    private static async Task<Injected> PartitionAsync(
        FaultCluster cluster, FaultCluster.Member leader, Func<FaultCluster.Member, TcpProxy> wire, ProxyMode mode)
    {
        var before = await cluster.EpochAsync();
        wire(leader).Set(mode);
        await FaultCluster.UntilAsync("another node takes the next epoch", async () => await cluster.EpochAsync() > before);
        await Task.Delay(LeaseDuration);
        wire(leader).Set(ProxyMode.Forward);
        return new Injected(DateTimeOffset.UtcNow);
    }

    private static Injected Resume(FaultCluster.Member leader)
    {
        var now = DateTimeOffset.UtcNow;
        leader.Process.Resume();
        return new Injected(now, Zombie: leader.Name);
    }
}
