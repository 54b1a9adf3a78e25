using Foresight.Cluster;
using Foresight.ServiceDefaults.Redis;

namespace Foresight.Matching.Leadership;

public sealed record LeadershipStores(ILeaseBoard Board, TermStore Terms, ILeaderSessions Sessions, CrashDetector Crashes);

/// <summary>None of these receivers affects a decision, so none of their failures can end a term.</summary>
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
    /// <summary>Replaced by the simulator, which needs reproducible tokens.</summary>
    public Func<Guid> NewToken { get; init; } = Guid.NewGuid;

    public LeadershipGate Gate { get; init; } = new(isOpen: true);
}
