using System.Security.Cryptography;
using System.Text.Json.Serialization;

namespace Foresight.Protocol;

/// <summary>
/// Value of the lease key <c>{prefix}leader:{resource}</c> in Redis (JSON, web defaults, with a <see cref="HintProof"/>). It only shows
/// where the leader is, because the lease itself is in Postgres (docs/decisions/0436).
/// </summary>
/// <param name="Address">Base address of the holder's gateway, e.g. "https://127.0.0.1:41234".</param>
/// <param name="Token">Names this tenure. Derived from the token of the fence, which it does not reveal: see <see cref="NameOf"/>.</param>
/// <param name="LastRenewedAt">By the database's clock.</param>
/// <param name="DurationMs">Age at which the record counts as absent.</param>
public sealed record LeaseRecord(
    string NodeId,
    string Address,
    Guid Token,
    long Epoch,
    DateTimeOffset AcquiredAt,
    DateTimeOffset LastRenewedAt,
    int DurationMs = 5_000
)
{
    [JsonIgnore]
    public TimeSpan Duration => TimeSpan.FromMilliseconds(DurationMs);

    /// <summary>One way, because the token of the fence must be in Postgres alone.</summary>
    public static Guid NameOf(Guid fencingToken) => new(SHA256.HashData(fencingToken.ToByteArray()).AsSpan(0, 16));
}

/// <summary>Each is leased under its own name, so that settlement and reconciliation need not run on the node that matches.</summary>
public static class LeasedResources
{
    public const string Matching = "matching-engine";

    public const string Settlement = "settlement";
    public const string Reconciliation = "reconciliation";

    public static string MatchingOf(int shard) => shard == 0 ? Matching : $"{Matching}-{shard}";

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

/// <summary>
/// Markets are spread over shards, each with a lease, an engine and a journal sequence of its own, so that several nodes match at once
/// (docs/decisions/0420).
/// </summary>
public static class Shards
{
    /// <summary>
    /// Each shard costs up to six database connections, and Postgres allows 100 by default. Ids of orders and trades have the shard above
    /// 48 bits, and JavaScript represents them exactly up to shard 31.
    /// </summary>
    public const int Maximum = 16;

    public const int NumberBits = 48;

    public static int OfId(long id) => (int)((ulong)id >> NumberBits);

    /// <summary>No id of the shard is less.</summary>
    public static long FirstId(int shard) => (long)shard << NumberBits;
}

/// <summary>
/// Sent on channel <see cref="Channels.ClusterNodes"/> at the start and every 15 s, so that processes with one name find each other.
/// </summary>
/// <param name="Instance">Unique to this process, unlike the name.</param>
/// <param name="Answers">
/// Instance of the younger process that it answers, which proves that the older one lives: a recorded announcement cannot have it.
/// </param>
public sealed record NodeAnnouncement(string NodeId, Guid Instance, DateTimeOffset StartedAt, int ProcessId, Guid? Answers = null);

/// <summary>
/// Value of <c>{prefix}node:{id}:info</c> in Redis. It expires unless a heartbeat renews it, so that a node that died disappears.
/// </summary>
/// <param name="Kind">matching, api, console.</param>
/// <param name="State">One of <see cref="NodeStates"/>.</param>
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
)
{
    /// <summary>So many make a node silent: two may be lost, as on a machine that is busy for a moment.</summary>
    public const int MissedHeartbeats = 3;

    /// <summary>
    /// Nodes that this one refuses for now, because they sent its gateway what no sound node sends; null if there is none.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<PutOutNode>? PutOut { get; init; }

    /// <summary>Clients of an Api node's hub, as of this heartbeat; null for other kinds of nodes and earlier versions.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? HubConnections { get; init; }

    /// <summary>
    /// Milliseconds between two heartbeats, so that readers know from when on the node is silent; null from earlier versions.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? HeartbeatMs { get; init; }
}
