using Foresight.Protocol;

namespace Foresight.Matching.Leadership;

/// <param name="Held">Somebody's value is in the key.</param>
/// <param name="Holder">Null as well if the value is not a lease record.</param>
public readonly record struct LeaseReading(bool Held, LeaseRecord? Holder);

/// <summary>
/// The leases: who may try to lead. The token in the record decides whose a lease is, never the node's name: two processes may carry one
/// name by mistake. In Redis, and in the simulator.
/// </summary>
public interface ILeaseStore
{
    /// <exception cref="StackExchange.Redis.RedisException">The store cannot be read: that says nothing about the lease.</exception>
    /// <exception cref="TimeoutException">The same.</exception>
    Task<LeaseReading> ReadAsync(string resource, TimeSpan duration);

    /// <summary>True if nobody held the lease and it is ours now.</summary>
    /// <exception cref="TimeoutException">No answer: the lease may be ours all the same, until it ends.</exception>
    Task<bool> TryAcquireAsync(string resource, LeaseRecord record, TimeSpan duration);

    /// <summary>Takes a lease over from a holder that is known to be dead; only if it still is that one's.</summary>
    Task<bool> TryReplaceAsync(string resource, Guid deadToken, LeaseRecord record, TimeSpan duration);

    Task<RenewOutcome> RenewAsync(string resource, LeaseRecord record, TimeSpan duration);

    /// <summary>Deletes the lease if it is ours and wakes the followers. What fails here ends by itself when the lease does.</summary>
    Task ReleaseAsync(string resource, LeaseRecord record);
}
