using Foresight.Matching.Leadership;

namespace Foresight.Bench.Failover;

/// <summary>Target of a fault: a cluster with a known leader, under load.</summary>
internal sealed record Scene(FaultCluster Cluster, FaultCluster.Member Leader, OrderLoad Load)
{
    public TimeSpan LeaseDuration => Cluster.Lease.LeaseDuration;
}

/// <summary>Effects of an injected fault.</summary>
/// <param name="Lifted">End of a lasting fault; null for an instantaneous one.</param>
/// <param name="Zombie">Node that kept running after another had taken over.</param>
/// <param name="Ended">Node whose process has ended, to be restarted.</param>
/// <param name="Said">Text for the run's line.</param>
internal sealed record Injected(DateTimeOffset? Lifted = null, string? Zombie = null, string? Ended = null, string? Said = null)
{
    /// <summary>Journal positions that were lost with an asynchronous primary; orders acknowledged there are counted separately.</summary>
    public IReadOnlySet<JournalPlace> Unreplicated { get; init; } = new HashSet<JournalPlace>();

    /// <summary>Violations, a sentence each.</summary>
    public IReadOnlyList<string> Wrong { get; init; } = [];
}

/// <summary>Limits that hold for a fault in every run, in seconds; null: printed, not judged.</summary>
/// <param name="Silence">Longest time without an acknowledgement.</param>
/// <param name="Unavailable">Sum of all silences of at least <see cref="FaultRun.Noticeable"/>.</param>
/// <param name="Demotion">From SIGCONT until the node reports that it follows.</param>
/// <param name="Answer">From an order to its only answer; there must be one.</param>
/// <param name="Epochs">New terms.</param>
internal sealed record Bounds(
    double? Silence = null,
    double? Unavailable = null,
    double? Demotion = null,
    double? Answer = null,
    long? Epochs = null
);

/// <summary>One way to break a cluster.</summary>
/// <param name="InjectAsync">Injects the fault, ends a lasting one, and reports the effects.</param>
/// <param name="HasSuccessor">True if the fault must end the term.</param>
/// <param name="FastPath">True if followers may take over from a dead leader before its lease ends.</param>
/// <param name="Replication">Replication of Postgres. With a standby each run has its
/// own servers, because a promotion cannot be undone.</param>
internal sealed record Fault(
    string Name,
    string Meaning,
    Func<Scene, Task<Injected>> InjectAsync,
    bool HasSuccessor = true,
    bool FastPath = true,
    bool ProxyPostgres = false,
    Replication Replication = Replication.None
)
{
    /// <summary>Depends on the lease that the nodes use.</summary>
    public Func<LeaseOptions, Bounds> BoundsOf { get; init; } = _ => new Bounds();

    public static readonly IReadOnlyList<Fault> All = [.. NodeFaults.All, .. RedisFaults.All, .. PostgresFaults.All];
}
