namespace Foresight.Matching.Leadership;

public enum RenewOutcome
{
    /// <summary>The lease holds for a whole duration again, counted from when the renewal was sent.</summary>
    Renewed,

    NotOurs,

    /// <summary>No answer, or an error: the renewal may or may not have taken effect.</summary>
    Unknown,
}

/// <param name="TrustedUntil">Moment of the holder's monotonic clock at which it stops acting as the holder.</param>
/// <param name="Held">False: stop at once.</param>
public readonly record struct LeaseView(TimeSpan TrustedUntil, TimeSpan NextRenewalAt, bool Held);

/// <summary>
/// The decisions about a lease as pure functions. Moments are readings of the holder's own monotonic clock, from any origin; wall clocks
/// can jump and are never used.
/// </summary>
public static class LeaseRules
{
    /// <summary>
    /// The lease in Redis expires <see cref="LeaseOptions.LeaseDuration"/> after Redis received the renewal, which is not before it was
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
        return outcome == RenewOutcome.Renewed ? Acquired(sentAt, options) : view with { NextRenewalAt = now + RetryInterval(options) };
    }

    /// <summary>
    /// Delay after a failed renewal, shorter than the regular one so that several retries fit into what is left of the trust window.
    /// </summary>
    public static TimeSpan RetryInterval(LeaseOptions options) => options.RenewInterval / 5;

    /// <summary>
    /// Returns true if a lease that is now free expired, so that its holder was last alive at its last renewal. A lease that disappeared
    /// sooner was released or deleted, and the lease of a crashed holder is still there; in both cases the holder was alive at the previous
    /// look. A live holder renews within the interval and a lease expires only after its duration, so the threshold lies in the middle: a
    /// follower sees either event up to one look late.
    /// </summary>
    public static bool RanOut(TimeSpan sinceRenewalWasSeen, bool crashed, LeaseOptions options) =>
        !crashed && sinceRenewalWasSeen >= (options.RenewInterval + options.LeaseDuration) / 2;

    /// <summary>
    /// Allows a take-over before the lease expires if the leader is certainly gone. One sign alone is not enough: a refused connection may
    /// be a network restart, a missing session a database restart. Even with both, it is the fence that makes the take-over safe.
    /// </summary>
    public static bool MayTakeOverEarly(bool addressRefuses, bool databaseSessionGone, LeaseOptions options) =>
        options.CrashFastPath && addressRefuses && databaseSessionGone;
}
