using Foresight.Matching.Leadership;

namespace Foresight.Bench.Failover;

internal sealed record Scene(FaultCluster Cluster, FaultCluster.Member Leader, OrderLoad Load)
{
    public TimeSpan LeaseDuration => Cluster.Lease.LeaseDuration;
}

internal sealed record Injected(DateTimeOffset? Lifted = null, string? Zombie = null, string? Ended = null, string? Said = null)
{
    /// <summary>
    /// Lost with an asynchronous primary, which is the price of that mode, so orders acknowledged there are counted separately.
    /// </summary>
    public IReadOnlySet<JournalPlace> Unreplicated { get; init; } = new HashSet<JournalPlace>();

    public IReadOnlyList<string> Wrong { get; init; } = [];
}

internal sealed record Bounds(
    double? Silence = null,
    double? Unavailable = null,
    double? Demotion = null,
    double? Answer = null,
    long? Epochs = null
);

/// <param name="Replication">With a standby each run has its own servers, because a promotion cannot be undone.</param>
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
    public Func<LeaseOptions, Bounds> BoundsOf { get; init; } = _ => new Bounds();

    public static readonly IReadOnlyList<Fault> All = [.. NodeFaults.All, .. RedisFaults.All, .. PostgresFaults.All];
}
