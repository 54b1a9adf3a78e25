using Foresight.Cluster;
using Foresight.ServiceDefaults.Redis;

namespace Foresight.Matching.Leadership;

public sealed record LeadershipStores(ILeaseStore Leases, TermStore Terms, ILeaderSessions Sessions, CrashDetector Crashes);

/// <summary>The receivers of a loop's reports. None of them affects its decisions.</summary>
public sealed record LeadershipOutlets(LeadershipMetrics Metrics, IBroadcast Broadcast, INotices Notices, NodePresence Presence)
{
    public required Func<string, CancellationToken, Task> DropNode { get; init; }
}

public sealed record LeadershipServices(
    LeaseOptions Options,
    LeadershipStores Stores,
    LeadershipOutlets Outlets,
    ShardPlacement Placement,
    TimeProvider Clock
)
{
    /// <summary>Creates the token of a bid. Replaced by the simulator, which needs reproducible tokens.</summary>
    public Func<Guid> NewToken { get; init; } = Guid.NewGuid;
}
