using Foresight.Protocol;

namespace Foresight.Matching.Leadership;

/// <param name="Holder">Null if there is no value, or if it is not a lease record.</param>
public readonly record struct LeaseReading(bool Held, LeaseRecord? Holder);

/// <summary>
/// The leases, which decide who may try to lead. A lease belongs to the token in its record, not to the node's name: two processes may have
/// the same name by mistake. Implemented by Redis and by the simulator.
/// </summary>
public interface ILeaseStore
{
    /// <exception cref="StackExchange.Redis.RedisException">The store cannot be read. The lease may be held or free.</exception>
    /// <exception cref="TimeoutException">As above.</exception>
    Task<LeaseReading> ReadAsync(string resource, TimeSpan duration);

    /// <exception cref="TimeoutException">No answer: the lease may be acquired nevertheless, until it expires.</exception>
    Task<bool> TryAcquireAsync(string resource, LeaseRecord record, TimeSpan duration);

    /// <summary>Replaces the lease of a holder that is known to be dead, only if the lease still carries that holder's token.</summary>
    Task<bool> TryReplaceAsync(string resource, Guid deadToken, LeaseRecord record, TimeSpan duration);

    Task<RenewOutcome> RenewAsync(string resource, LeaseRecord record, TimeSpan duration);

    /// <summary>
    /// Deletes the lease if it carries this token and wakes the followers. If Redis fails here, the lease expires by itself.
    /// </summary>
    Task ReleaseAsync(string resource, LeaseRecord record);
}
