using Foresight.Protocol;

namespace Foresight.Matching.Leadership;

/// <summary>
/// When the holder of a lease was last seen to be alive, by this process' own monotonic clock. A failover's time counts from there.
/// </summary>
internal sealed class LeaderLiveness(TimeProvider clock, LeaseOptions options)
{
    private (Guid Token, DateTimeOffset RenewedAt) _renewal;
    private long _renewalSeenAt = clock.GetTimestamp();
    private long _heldAt = clock.GetTimestamp();

    /// <summary>
    /// A look at the lease found it held, and the holder not crashed. A key that only runs out is no sign of life; a new renewal is.
    /// </summary>
    /// <param name="holder">Null: what is in the key is no lease record, so nobody renews it.</param>
    public void Observe(LeaseRecord? holder)
    {
        _heldAt = clock.GetTimestamp();
        if (holder is null || _renewal == (holder.Token, holder.LastRenewedAt))
            return;
        _renewal = (holder.Token, holder.LastRenewedAt);
        _renewalSeenAt = _heldAt;
    }

    /// <summary>This process was the holder itself, until now.</summary>
    public void MarkSelf() => _renewalSeenAt = _heldAt = clock.GetTimestamp();

    /// <summary>The lease is free, or its holder has crashed.</summary>
    public long LastAlive(bool crashed) =>
        LeaseRules.RanOut(clock.GetElapsedTime(_renewalSeenAt), crashed, options) ? _renewalSeenAt : _heldAt;
}
