namespace Foresight.Matching.Leadership;

public enum RenewOutcome
{
    Renewed,

    /// <summary>Renewed as well: an operator wants the holder to finish what it has and give the lease back.</summary>
    AskedToStepDown,

    NotOurs,

    /// <summary>
    /// After an error or without an answer the renewal may or may not have taken effect, so it counts neither as a renewal nor as a loss.
    /// </summary>
    Unknown,
}

/// <param name="TrustedUntil">
/// On the holder's monotonic clock. From then on it must not act as the holder, because another node may.
/// </param>
public readonly record struct LeaseView(TimeSpan TrustedUntil, TimeSpan NextRenewalAt, bool Held);

/// <summary>
/// Moments are readings of the holder's own monotonic clock, from any origin: wall clocks can jump and are never used. Pure.
/// </summary>
public static class LeaseRules
{
    /// <summary>
    /// The lease expires <see cref="LeaseOptions.LeaseDuration"/> after Postgres received the renewal, which is not before it was
    /// sent. Counting from the answer instead would trust the lease for too long, by the time that the answer took.
    /// </summary>
    public static LeaseView Acquired(TimeSpan sentAt, LeaseOptions options) =>
        new(sentAt + options.LeaseDuration - options.SafetyMargin, sentAt + options.RenewInterval, Held: true);

    public static LeaseView AfterRenewal(LeaseView view, RenewOutcome outcome, TimeSpan sentAt, TimeSpan now, LeaseOptions options)
    {
        if (!view.Held || outcome == RenewOutcome.NotOurs)
            return view with { Held = false };
        // An answer after the end of trust changes nothing: this process may have acted as a follower since, and a rival as the leader.
        if (now >= view.TrustedUntil)
            return view with { Held = false };
        return outcome is RenewOutcome.Renewed or RenewOutcome.AskedToStepDown
            ? Acquired(sentAt, options)
            : view with
            {
                NextRenewalAt = now + RetryInterval(options),
            };
    }

    /// <summary>Shorter than the regular interval, so that several retries fit into what is left of the trust window.</summary>
    public static TimeSpan RetryInterval(LeaseOptions options) => options.RenewInterval / 5;

    public static TimeSpan ShortestLook(LeaseOptions options) => options.PollInterval / 10;

    /// <summary>Between a look of a follower and the next, whatever wakes it; less only if the next is due earlier.</summary>
    /// <param name="nextLook">When the next is due, from the last on.</param>
    public static TimeSpan ShortestWait(TimeSpan nextLook, LeaseOptions options) =>
        nextLook < ShortestLook(options) ? nextLook : ShortestLook(options);

    /// <summary>
    /// True if the holder has not renewed for the lease's duration by the database's clock or by this process's own. Either is enough: the
    /// database's knows of renewals before this process looked, and the own one is right after a step of the database's. A wrong guess
    /// costs a term, never an order.
    /// </summary>
    /// <param name="duration">
    /// The holder's, not this process's: while the setting is changed they differ, and a holder that renews in time would lose its term.
    /// </param>
    public static bool HasExpired(TimeSpan age, TimeSpan unchangedFor, TimeSpan duration) => age >= duration || unchangedFor >= duration;

    /// <summary>
    /// Distinguishes a lease that expired, whose holder was last alive at its last renewal, from one that was released or whose holder
    /// crashed: that holder was alive at the previous look. A live holder renews within the interval and a lease expires only after its
    /// duration, so the threshold lies in the middle: a follower sees either event up to one look late.
    /// </summary>
    public static bool RanOut(TimeSpan sinceRenewalWasSeen, bool crashed, LeaseOptions options) =>
        !crashed && sinceRenewalWasSeen >= (options.RenewInterval + options.LeaseDuration) / 2;

    /// <summary>
    /// One sign alone is not enough for a take-over before the lease expires: a refused connection may be a network restart, a missing
    /// session a database restart. Even with both, it is the fence that makes the take-over safe.
    /// </summary>
    public static bool MayTakeOverEarly(bool addressRefuses, bool databaseSessionGone, LeaseOptions options) =>
        options.CrashFastPath && addressRefuses && databaseSessionGone;
}
