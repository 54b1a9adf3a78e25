namespace Foresight.Contracts;

/// <summary>Value of the lease key <c>{prefix}leader:{resource}</c> in Redis (JSON, web defaults).</summary>
/// <param name="Address">Base address of the holder's door, e.g. "http://127.0.0.1:41234".</param>
/// <param name="Token">Fresh random value of this tenure; the fence compares it.</param>
/// <param name="Epoch">0 until the epoch was taken in Postgres.</param>
public sealed record LeaseRecord(
    string NodeId, string Address, Guid Token, long Epoch, DateTimeOffset AcquiredAt, DateTimeOffset LastRenewedAt);

/// <summary>Names of the leased resources; each has its own lease key and row in <c>leadership</c>.</summary>
public static class LeasedResources
{
    public const string Matching = "matching-engine";
    public const string Settlement = "settlement";
    public const string Reconciliation = "reconciliation";
}

/// <summary>Value of <c>{prefix}node:{id}:info</c> in Redis, renewed with each heartbeat.</summary>
/// <param name="Kind">matching, api, console.</param>
/// <param name="State">matching: follower, acquiring, recovering, active, draining; others: running.</param>
public sealed record NodeRecord(
    string NodeId, string Kind, string Address, string State, string Version, int ProcessId, DateTimeOffset StartedAt, DateTimeOffset HeartbeatAt,
    IReadOnlyList<string> Leads);
