using Foresight.AppHost.Native;

namespace Foresight.AppHost;

/// <summary>
/// What stands in Redis is signed; these rights keep one role's intruder from another role's keys and channels, and every role from
/// emptying or stopping the server, or filling its memory beyond the bound of <see cref="NativeRedis"/>. A service cannot use a key or
/// channel that is missing here.
/// </summary>
public static class RedisRoles
{
    private const string Leases = "leader:*";
    private const string ClusterLeader = "cluster:leader";
    private const string MarketData = "ws:*";

    /// <summary>SignalR's backplane of the notices begins each of its channels with the hub's full name.</summary>
    private const string Notices = "Foresight.Cluster.NoticeHub:*";

    /// <summary>Api nodes count a caller's requests together.</summary>
    private const string Requests = "requests:*";

    private static readonly string[] OfEveryNode = ["nodes", "node:*:info", "database:timeline:*"];
    private static readonly string[] ChannelsOfEveryNode = ["cluster:nodes", Notices];

    public static RedisRole Matching { get; } =
        new("matching", [.. OfEveryNode, Leases], [], [.. ChannelsOfEveryNode, ClusterLeader, MarketData], []);

    public static RedisRole Api { get; } =
        new("api", [.. OfEveryNode, Requests], [Leases], ChannelsOfEveryNode, [ClusterLeader, MarketData]);
}
