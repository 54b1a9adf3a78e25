namespace Foresight.Protocol;

/// <summary>Value of the lease key <c>{prefix}leader:{resource}</c> in Redis (JSON, web defaults).</summary>
/// <param name="Address">Base address of the holder's gateway, e.g. "http://127.0.0.1:41234".</param>
/// <param name="Token">Random value of this tenure; the fence compares it.</param>
/// <param name="Epoch">0 until the epoch is taken in Postgres.</param>
public sealed record LeaseRecord(
    string NodeId,
    string Address,
    Guid Token,
    long Epoch,
    DateTimeOffset AcquiredAt,
    DateTimeOffset LastRenewedAt
);

/// <summary>Names of the leased resources; each has its own lease key and row in <c>leadership</c>.</summary>
public static class LeasedResources
{
    public const string Matching = "matching-engine";

    public const string Settlement = "settlement";
    public const string Reconciliation = "reconciliation";

    public static string MatchingOf(int shard) => shard == 0 ? Matching : $"{Matching}-{shard}";

    /// <summary>Null for a resource that is not a shard's.</summary>
    public static int? ShardOf(string resource)
    {
        if (resource == Matching)
            return 0;
        return
            resource.StartsWith(Matching + "-", StringComparison.Ordinal)
            && int.TryParse(resource.AsSpan(Matching.Length + 1), out var shard)
            && shard > 0
            ? shard
            : null;
    }
}

/// <summary>Markets are spread over shards: each has a lease, a leader, an engine and a journal sequence of its own.</summary>
public static class Shards
{
    /// <summary>
    /// Most shards. Each costs up to six database connections, and Postgres allows 100 by default. Ids of orders and trades have the shard
    /// above 48 bits, and JavaScript represents them exactly up to shard 31.
    /// </summary>
    public const int Maximum = 16;

    private const int NumberBits = 48;

    public static int OfId(long id) => (int)((ulong)id >> NumberBits);
}

/// <summary>
/// Channel <see cref="Channels.ClusterNodes"/>: the name of a process, sent with each heartbeat so that duplicates are detected.
/// </summary>
/// <param name="Instance">Unique to this process, unlike the name.</param>
public sealed record NodeAnnouncement(string NodeId, Guid Instance, DateTimeOffset StartedAt, int ProcessId);

/// <summary>Value of <c>{prefix}node:{id}:info</c> in Redis, renewed with each heartbeat.</summary>
/// <param name="Kind">matching, api, console.</param>
/// <param name="State">matching: follower, acquiring, recovering, active, draining; others: running.</param>
public sealed record NodeRecord(
    string NodeId,
    string Kind,
    string Address,
    string State,
    string Version,
    int ProcessId,
    DateTimeOffset StartedAt,
    DateTimeOffset HeartbeatAt,
    IReadOnlyList<string> Leads
);
