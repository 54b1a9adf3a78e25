using System.Collections.Concurrent;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Trust;
using StackExchange.Redis;

namespace Foresight.Cluster;

/// <summary>
/// Reads the lease that Redis shows, if it can be believed: signed by a node, not older than one already read, not run out, and not of an
/// earlier term than the last that Postgres named. Where it leads to is believed only once Postgres has named the same term, because any
/// node can sign (docs/decisions/0442). Safe for concurrent use.
/// </summary>
public sealed class LeaseHints(SignedHints hints)
{
    /// <summary>LEASE_TTL_MS is at most this, so an older value is of no lease that runs; its own duration is checked besides.</summary>
    private static readonly TimeSpan LongestLease = TimeSpan.FromMinutes(10);

    private readonly ConcurrentDictionary<string, LeaseRecord> _named = new();

    /// <summary>Returns null, after counting it, for a value that cannot be believed, and for a missing one.</summary>
    public LeaseRecord? Read(string resource, RedisValue value)
    {
        var key = LeaderDirectory.LeaseKey(resource);
        if (hints.Read<LeaseRecord>(HintKinds.Lease, key, value, LongestLease) is not { } record)
            return null;
        var refusal = Judge(resource, record);
        if (refusal is { } reason)
            hints.Refuse(HintKinds.Lease, key, reason);
        return refusal is null ? record : null;
    }

    /// <summary>
    /// Makes records of earlier terms old from now on. The last term that Postgres named decides, not the highest ever: a restored
    /// database begins lower.
    /// </summary>
    public void Name(string resource, LeaseRecord row) => _named[resource] = row;

    public bool IsNamed(string resource, LeaseRecord shown) =>
        _named.TryGetValue(resource, out var row)
        && (row.NodeId, row.Address, row.Token, row.Epoch) == (shown.NodeId, shown.Address, shown.Token, shown.Epoch);

    /// <summary>Counts a record that Postgres has contradicted. One of an earlier term may have been true when it was read.</summary>
    public void Contradict(string resource, LeaseRecord shown)
    {
        if (_named.TryGetValue(resource, out var row) && shown.Epoch >= row.Epoch)
            hints.Refuse(HintKinds.Lease, LeaderDirectory.LeaseKey(resource), HintRefusal.Implausible);
    }

    private HintRefusal? Judge(string resource, LeaseRecord record)
    {
        if (hints.Now - record.LastRenewedAt > record.Duration || record.Epoch < _named.GetValueOrDefault(resource)?.Epoch)
            return HintRefusal.Stale;
        return record.NodeId is not null && GatewayAddress.IsValid(record.Address) ? null : HintRefusal.Implausible;
    }
}
