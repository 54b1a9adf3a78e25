namespace Foresight.Matching.Leadership;

/// <summary>What Redis said to a renewal.</summary>
public enum RenewOutcome
{
    /// <summary>The lease is ours for a whole duration again, counted from when the renewal was sent.</summary>
    Renewed,

    /// <summary>Somebody else's token is in the key.</summary>
    NotOurs,

    /// <summary>No answer, or an error: the renewal may or may not have happened.</summary>
    Unknown,
}

/// <param name="TrustedUntil">The holder acts as the holder before this moment of its monotonic clock, and not after.</param>
/// <param name="NextRenewalAt">When to renew next.</param>
/// <param name="Held">False: stop at once.</param>
public readonly record struct LeaseView(TimeSpan TrustedUntil, TimeSpan NextRenewalAt, bool Held);

/// <summary>
/// The decisions about a lease, as functions of their arguments. Moments are readings of the holder's own monotonic clock, from any
/// origin; wall clocks, which can jump, are never used.
/// </summary>
public static class LeaseRules
{
    /// <summary>
    /// The lease in Redis ends <see cref="LeaseOptions.LeaseDuration"/> after Redis received the renewal, which is not before it was sent.
    /// Counting from the answer instead would trust the lease for as long again as the answer was under way.
    /// </summary>
    public static LeaseView Acquired(TimeSpan sentAt, LeaseOptions options) =>
        new(sentAt + options.LeaseDuration - options.SafetyMargin, sentAt + options.RenewInterval, Held: true);

    /// <param name="view">Before the renewal.</param>
    /// <param name="sentAt">When the renewal was sent.</param>
    /// <param name="now">When its outcome was known.</param>
    public static LeaseView AfterRenewal(LeaseView view, RenewOutcome outcome, TimeSpan sentAt, TimeSpan now, LeaseOptions options)
    {
        if (!view.Held || outcome == RenewOutcome.NotOurs)
            return view with { Held = false };
        // An answer that comes after trust ended changes nothing: this process may have
        // acted as a follower since, and a rival as the leader.
        if (now >= view.TrustedUntil)
            return view with { Held = false };
        return outcome == RenewOutcome.Renewed ? Acquired(sentAt, options) : view with { NextRenewalAt = now + RetryInterval(options) };
    }

    /// <summary>After a failed renewal the next one comes sooner, so that several fit into what is left of the trust window.</summary>
    public static TimeSpan RetryInterval(LeaseOptions options) => options.RenewInterval / 5;

    /// <summary>
    /// Whether a lease that is free now ran out, so that its holder was last alive when it renewed. A lease that is gone sooner was given
    /// back or deleted, and one whose holder has crashed is not over: then the holder was alive at the look before. Who is alive renewed
    /// within the interval, and a lease runs out only after its duration; in the middle, because a follower sees both a look late.
    /// </summary>
    public static bool RanOut(TimeSpan sinceRenewalWasSeen, bool crashed, LeaseOptions options) =>
        !crashed && sinceRenewalWasSeen >= (options.RenewInterval + options.LeaseDuration) / 2;

    /// <summary>
    /// A follower need not wait for the lease to end if the leader is certainly gone. One sign alone is not enough: a refused connection
    /// may be a restarted network, a missing session a restarted database. Even with both, it is the fence that makes the take-over safe.
    /// </summary>
    public static bool MayTakeOverEarly(bool addressRefuses, bool databaseSessionGone, LeaseOptions options) =>
        options.CrashFastPath && addressRefuses && databaseSessionGone;
}
