using Foresight.Protocol;

namespace Foresight.Matching.Leadership;

/// <summary>
/// All that a loop remembers from one look at its lease to the next. None of it gives a right to lead: only a lease and a term do.
/// </summary>
internal sealed class LeadershipState(TimeProvider clock, LeaseOptions options)
{
    private readonly LeaderLiveness _liveness = new(clock, options);
    private long? _freeSince;

    /// <summary>The lease was free, or its holder had crashed, at the last look.</summary>
    public bool IsVacant => _freeSince is not null;

    /// <summary>How long the follower waits for its next look, unless it is woken.</summary>
    public TimeSpan NextLook { get; set; } = options.PollInterval;

    /// <summary>The last look had no answer. Logged once, however often it is tried.</summary>
    public bool RedisIsSilent { get; set; }

    /// <summary>Of this process' own bids and terms.</summary>
    public RecentTokens OwnTokens { get; } = new();

    /// <summary>The lease is held by a holder that has not crashed.</summary>
    public void SeeHeld(LeaseRecord? holder)
    {
        _liveness.Observe(holder);
        _freeSince = null;
    }

    /// <returns>For how long the lease has been seen to be free.</returns>
    public TimeSpan SeeVacant()
    {
        _freeSince ??= clock.GetTimestamp();
        return clock.GetElapsedTime(_freeSince.Value);
    }

    public FailoverPhases BeginTakeOver(bool crashed) => new(clock, _liveness.LastAlive(crashed));

    /// <summary>This process holds the lease.</summary>
    public void BeginTerm() => _freeSince = null;

    public void EndTerm() => _liveness.MarkSelf();
}
