namespace Foresight.Matching.Leadership;

/// <summary>
/// The duration of a failover is measured from the last moment at which the holder was known to be alive, on this process's monotonic
/// clock.
/// </summary>
internal sealed class LeaderLiveness(TimeProvider clock, LeaseOptions options)
{
    private HolderVersion? _renewal;
    private long _renewalSeenAt = clock.GetTimestamp();
    private long _heldAt = clock.GetTimestamp();

    /// <summary>
    /// Needs no clock but this process's own, so that a step of the database's clock cannot keep a dead holder's lease alive.
    /// </summary>
    public TimeSpan UnchangedFor(HolderVersion version) => _renewal == version ? clock.GetElapsedTime(_renewalSeenAt) : TimeSpan.Zero;

    /// <summary>Only a new renewal is a sign of life: the row of a dead holder can be read as well.</summary>
    public void Observe(HolderVersion version)
    {
        if (_renewal == version)
            return;
        _renewal = version;
        _renewalSeenAt = clock.GetTimestamp();
    }

    public void MarkHeld() => _heldAt = clock.GetTimestamp();

    public void MarkSelf() => _renewalSeenAt = _heldAt = clock.GetTimestamp();

    public long LastAlive(bool crashed) =>
        LeaseRules.RanOut(clock.GetElapsedTime(_renewalSeenAt), crashed, options) ? _renewalSeenAt : _heldAt;
}
