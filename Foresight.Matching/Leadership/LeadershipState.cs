using Foresight.Protocol;

namespace Foresight.Matching.Leadership;

/// <summary>
/// The state that a loop keeps between two looks at its lease. None of it grants the right to lead: only a lease and a term do.
/// </summary>
internal sealed class LeadershipState(TimeProvider clock, LeaseOptions options)
{
    private readonly LeaderLiveness _liveness = new(clock, options);
    private long? _freeSince;

    public bool IsVacant => _freeSince is not null;

    public TimeSpan NextLook { get; set; } = options.PollInterval;

    /// <summary>True if Redis did not answer the last look, so that an outage is logged once and not at every retry.</summary>
    public bool RedisIsSilent { get; set; }

    public RecentTokens OwnTokens { get; } = new();

    public void SeeHeld(LeaseRecord? holder)
    {
        _liveness.Observe(holder);
        _freeSince = null;
    }

    public TimeSpan SeeVacant()
    {
        _freeSince ??= clock.GetTimestamp();
        return clock.GetElapsedTime(_freeSince.Value);
    }

    public FailoverPhases BeginTakeOver(bool crashed) => new(clock, _liveness.LastAlive(crashed));

    public void BeginTerm() => _freeSince = null;

    public void EndTerm() => _liveness.MarkSelf();
}
