namespace Foresight.Matching.Leadership;

/// <summary>Nothing that a loop remembers here grants the right to lead: only a lease and a term do.</summary>
internal sealed class LeadershipState(TimeProvider clock, LeaseOptions options)
{
    private readonly LeaderLiveness _liveness = new(clock, options);
    private long? _freeSince;
    private long? _stoodBackAt;

    public bool IsVacant => _freeSince is not null;

    public TimeSpan NextLook { get; set; } = options.PollInterval;

    /// <summary>So that the drain of this node is logged once and not at every look.</summary>
    public bool IsDrained { get; set; }

    /// <summary>True if Postgres did not answer the last look, so that an outage is logged once and not at every retry.</summary>
    public bool DatabaseIsSilent { get; set; }

    public RecentTokens OwnTokens { get; } = new();

    /// <summary>
    /// True if the lease has run out or was given back. Records the look, because a row that this process has seen unchanged for the
    /// lease's duration counts as run out too.
    /// </summary>
    public bool SeeRow(TermHolder holder)
    {
        _liveness.Observe(holder.Version);
        return holder.Age is not { } age || LeaseRules.HasExpired(age, _liveness.UnchangedFor(holder.Version), holder.Duration);
    }

    /// <summary>
    /// The next look is at the moment at which this lease would run out, if that is before the next poll, so that the resource is not
    /// without a leader until then.
    /// </summary>
    public void SeeHeld(TermHolder holder)
    {
        _liveness.MarkHeld();
        _freeSince = null;
        _stoodBackAt = null;
        var left = holder.Duration - (holder.Age ?? TimeSpan.Zero);
        if (left > TimeSpan.Zero && left < NextLook)
            NextLook = left;
    }

    public TimeSpan SeeVacant()
    {
        _freeSince ??= clock.GetTimestamp();
        return clock.GetElapsedTime(_freeSince.Value);
    }

    /// <summary>
    /// After a step down that an operator wanted: for the length of a lease the others may bid alone. Not for longer, because they may be
    /// dead.
    /// </summary>
    public void StandBack() => _stoodBackAt = clock.GetTimestamp();

    public bool StandsBack => _stoodBackAt is { } since && clock.GetElapsedTime(since) < options.LeaseDuration;

    public FailoverPhases BeginTakeOver(bool crashed) => new(clock, _liveness.LastAlive(crashed));

    public void BeginTerm() => _freeSince = null;

    public void EndTerm() => _liveness.MarkSelf();
}
