using Foresight.Matching.Leadership;

namespace Foresight.Bench.Failover;

/// <summary>What a fault happens to: a cluster whose leader is known, under load.</summary>
internal sealed record Scene(FaultCluster Cluster, FaultCluster.Member Leader, OrderLoad Load)
{
    public TimeSpan LeaseDuration => Cluster.Lease.LeaseDuration;
}

/// <summary>What happened to it.</summary>
/// <param name="Lifted">When a fault that lasts was over; null: it does not last.</param>
/// <param name="Zombie">A node that went on after another one had taken over.</param>
/// <param name="Ended">A node whose process is gone, to be started again.</param>
/// <param name="Said">For the run's line.</param>
internal sealed record Injected(DateTimeOffset? Lifted = null, string? Zombie = null, string? Ended = null, string? Said = null)
{
    /// <summary>Places of the journal that were lost with an asynchronous primary; what was acknowledged there is counted apart.</summary>
    public IReadOnlySet<JournalPlace> Unreplicated { get; init; } = new HashSet<JournalPlace>();

    /// <summary>What should not have been, a sentence each.</summary>
    public IReadOnlyList<string> Wrong { get; init; } = [];
}

/// <summary>The worst that a fault may do in any run, in seconds; null: it is printed and not judged.</summary>
/// <param name="Silence">Longest time without an acknowledgement.</param>
/// <param name="Unavailable">All silences of <see cref="FaultRun.Noticeable"/> and longer together.</param>
/// <param name="Demotion">From SIGCONT until the node says that it follows.</param>
/// <param name="Answer">From an order to its one answer; and there must be one.</param>
/// <param name="Epochs">Terms that began.</param>
internal sealed record Bounds(
    double? Silence = null,
    double? Unavailable = null,
    double? Demotion = null,
    double? Answer = null,
    long? Epochs = null
);

/// <summary>One way to break a cluster.</summary>
/// <param name="InjectAsync">Breaks it, lifts what lasts, and says what it did.</param>
/// <param name="HasSuccessor">A term must end by it.</param>
/// <param name="FastPath">Whether followers may take over from a dead leader before its lease ends.</param>
/// <param name="Replication">Of Postgres; with a standby each run has servers of its own, because a promotion cannot be undone.</param>
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
    /// <summary>By the lease that the nodes have.</summary>
    public Func<LeaseOptions, Bounds> BoundsOf { get; init; } = _ => new Bounds();

    public static readonly IReadOnlyList<Fault> All = [.. NodeFaults.All, .. RedisFaults.All, .. PostgresFaults.All];
}
