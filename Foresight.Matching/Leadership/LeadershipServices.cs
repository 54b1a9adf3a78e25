using Foresight.Cluster;
using Foresight.ServiceDefaults.Redis;

namespace Foresight.Matching.Leadership;

/// <summary>Where leases and terms are kept, and what is known of those who hold them.</summary>
public sealed record LeadershipStores(ILeaseStore Leases, TermStore Terms, ILeaderSessions Sessions, CrashDetector Crashes);

/// <summary>Where a loop reports. Nothing of it decides anything.</summary>
public sealed record LeadershipOutlets(LeadershipMetrics Metrics, IBroadcast Broadcast, INotices Notices, NodePresence Presence)
{
    /// <summary>Takes a dead node out of the registry.</summary>
    public required Func<string, CancellationToken, Task> DropNode { get; init; }
}

/// <summary>What every leadership loop of the process shares.</summary>
/// <param name="Placement">What this node has of the matching engine's shards.</param>
public sealed record LeadershipServices(
    LeaseOptions Options,
    LeadershipStores Stores,
    LeadershipOutlets Outlets,
    ShardPlacement Placement,
    TimeProvider Clock
)
{
    /// <summary>Makes the token of a bid.</summary>
    public Func<Guid> NewToken { get; init; } = Guid.NewGuid;
}
