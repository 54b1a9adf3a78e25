using Foresight.Cluster;
using Foresight.Matching.Journal;
using Foresight.Matching.Orders;
using Foresight.ServiceDefaults.Redis;

namespace Foresight.Matching.Loop;

/// <summary>What the parts of every term are made of, whichever shard the node leads.</summary>
internal sealed record MatchingServices(
    IJournals Journals,
    MatchingOptions Options,
    MatchingMetrics Metrics,
    IBroadcast Broadcast,
    INotices Notices,
    TimeProvider Clock
);
