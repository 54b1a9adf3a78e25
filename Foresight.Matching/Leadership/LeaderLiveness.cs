using Foresight.Protocol;

namespace Foresight.Matching.Leadership;

/// <summary>
/// The last moment at which the holder of a lease was known to be alive, on this process's monotonic clock. The duration of a failover is
/// measured from there.
/// </summary>
internal sealed class LeaderLiveness(TimeProvider clock, LeaseOptions options)
{
    private (Guid Token, DateTimeOffset RenewedAt) _renewal;
    private long _renewalSeenAt = clock.GetTimestamp();
    private long _heldAt = clock.GetTimestamp();

    /// <summary>
    /// Records a look at the lease that found it held and its holder not crashed. Only a new renewal is a sign of life: the key of a dead
    /// holder stays until it expires.
    /// </summary>
    /// <param name="holder">Null if the key's value is not a lease record, so that no node renews it.</param>
    public void Observe(LeaseRecord? holder)
    {
        _heldAt = clock.GetTimestamp();
        if (holder is null || _renewal == (holder.Token, holder.LastRenewedAt))
            return;
        _renewal = (holder.Token, holder.LastRenewedAt);
        _renewalSeenAt = _heldAt;
    }

    public void MarkSelf() => _renewalSeenAt = _heldAt = clock.GetTimestamp();

    public long LastAlive(bool crashed) =>
        LeaseRules.RanOut(clock.GetElapsedTime(_renewalSeenAt), crashed, options) ? _renewalSeenAt : _heldAt;
}
