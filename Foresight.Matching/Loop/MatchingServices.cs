using Foresight.Cluster;
using Foresight.Matching.Journal;
using Foresight.Matching.Orders;
using Foresight.ServiceDefaults.Redis;

namespace Foresight.Matching.Loop;

internal sealed record MatchingServices(
    IJournals Journals,
    MatchingOptions Options,
    MatchingMetrics Metrics,
    OrderLifeWatch OrderLife,
    JournalTimeWatch JournalTime,
    IBroadcast Broadcast,
    INotices Notices,
    TimeProvider Clock
);
