using System.Diagnostics;

namespace Foresight.Bench.Failover;

internal static class PostgresFaults
{
    /// <summary>Answers that were sent before the fault need this time to arrive.</summary>
    private static readonly TimeSpan Swallowing = TimeSpan.FromMilliseconds(200);

    public static readonly IReadOnlyList<Fault> All =
    [
        new(
            "partition-postgres",
            "the leader is cut off from Postgres, and from nothing else",
            scene => PartitionAsync(scene, scene.Leader.Postgres!, ProxyMode.Frozen),
            ProxyPostgres: true
        ),
        new(
            "swallow-commit",
            "a commit of the leader is done, its answer is lost, and its connections break",
            SwallowAsync,
            ProxyPostgres: true
        )
        {
            // A caller that retries learns the fate of its order within 10 s.
            BoundsOf = _ => new Bounds(Answer: 10),
        },
        new("postgres-restart", "kill -9 of the primary, which is started again; the nodes live on", RestartAsync),
        new(
            "promote-sync",
            "kill -9 of the primary, its synchronous standby is promoted, the old primary comes back",
            scene => Promotion.InjectAsync(scene, behind: TimeSpan.Zero),
            Replication: Replication.Synchronous
        )
        {
            // A write outage may take this long, because its detection is included.
            BoundsOf = _ => new Bounds(Silence: 10),
        },
        new(
            "promote-async",
            "the same with an asynchronous standby, which lacks the last half second",
            scene => Promotion.InjectAsync(scene, behind: TimeSpan.FromSeconds(0.5)),
            Replication: Replication.Asynchronous
        )
        {
            BoundsOf = _ => new Bounds(Silence: 10),
        },
    ];

    private static async Task<Injected> SwallowAsync(Scene scene)
    {
        var wire = scene.Leader.Postgres!;
        wire.Set(ProxyMode.SwallowReplies);
        await wire.HeldBack.Task.WaitAsync(scene.LeaseDuration);
        await Task.Delay(Swallowing);
        var unanswered = 0L;
        await FaultCluster.UntilAsync(
            "a commit is done whose answer is lost",
            async () => (unanswered = await scene.Cluster.LastSequenceAsync() - scene.Load.LastSequence) > 0
        );
        wire.Set(ProxyMode.Cut);
        wire.Set(ProxyMode.Forward);
        return new Injected(DateTimeOffset.UtcNow, Said: $"{unanswered} committed commands without an answer");
    }

    private static async Task<Injected> RestartAsync(Scene scene)
    {
        var killed = Stopwatch.GetTimestamp();
        await scene.Cluster.Stores.KillAsync("postgres");
        await scene.Cluster.Stores.StartAgainAsync("postgres");
        await FaultCluster.UntilAsync(
            "the primary takes connections again",
            async () => await StreamingStandby.ScalarAsync(scene.Cluster.Connection, "SELECT 1") is not null
        );
        // Pooled connections lead to the server that died, so they are dropped.
        scene.Cluster.Database.Clear();
        return new Injected(
            DateTimeOffset.UtcNow,
            Said: $"the primary was away for {Stopwatch.GetElapsedTime(killed).TotalSeconds:0.00} s"
        );
    }

    private static async Task<Injected> PartitionAsync(Scene scene, TcpProxy wire, ProxyMode mode)
    {
        var before = await scene.Cluster.EpochAsync();
        wire.Set(mode);
        await scene.Cluster.NextEpochAsync(before);
        await Task.Delay(scene.LeaseDuration);
        wire.Set(ProxyMode.Forward);
        return new Injected(DateTimeOffset.UtcNow);
    }
}
