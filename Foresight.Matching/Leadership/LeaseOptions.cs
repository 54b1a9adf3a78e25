using Foresight.ServiceDefaults.Hosting;

namespace Foresight.Matching.Leadership;

/// <summary>
/// The times of a lease. Their relations are validated at start, because a violation reduces availability without any error.
/// </summary>
public sealed record LeaseOptions
{
    /// <summary>Lifetime of the lease after the last renewal. <c>LEASE_TTL_MS</c>, default 5 s.</summary>
    public TimeSpan LeaseDuration { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Interval of renewals. <c>LEASE_RENEW_MS</c>, default 1.5 s, which lets two renewals fail before trust ends at 4.5 s.
    /// </summary>
    public TimeSpan RenewInterval { get; init; } = TimeSpan.FromSeconds(1.5);

    /// <summary>Interval of a follower's looks. <c>LEASE_POLL_MS</c>, default 0.5 s.</summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromSeconds(0.5);

    /// <summary>
    /// The holder stops trusting its lease this long before it can expire, to cover clocks of different rates and the time that stopping
    /// takes. <c>LEASE_MARGIN_MS</c>, default 0.5 s. Safety does not depend on it: the fence in Postgres decides.
    /// </summary>
    public TimeSpan SafetyMargin { get; init; } = TimeSpan.FromSeconds(0.5);

    /// <summary>
    /// Allows a follower to take over before the lease expires if the leader's address refuses connections and its database session is
    /// gone. <c>LEASE_FAST_PATH</c>, default true.
    /// </summary>
    public bool CrashFastPath { get; init; } = true;

    public static LeaseOptions From(IConfiguration configuration)
    {
        var defaults = new LeaseOptions();
        var (least, most) = (TimeSpan.FromMilliseconds(20), TimeSpan.FromMinutes(10));
        var options = new LeaseOptions
        {
            LeaseDuration = configuration.Milliseconds("LEASE_TTL_MS", defaults.LeaseDuration, least, most),
            RenewInterval = configuration.Milliseconds("LEASE_RENEW_MS", defaults.RenewInterval, least, most),
            PollInterval = configuration.Milliseconds("LEASE_POLL_MS", defaults.PollInterval, least, most),
            SafetyMargin = configuration.Milliseconds("LEASE_MARGIN_MS", defaults.SafetyMargin, TimeSpan.FromMilliseconds(1), most),
            CrashFastPath = configuration.Flag("LEASE_FAST_PATH", defaults.CrashFastPath),
        };
        options.Validate();
        return options;
    }

    /// <exception cref="SettingException">A relation does not hold; the message states it.</exception>
    public void Validate()
    {
        if (RenewInterval + SafetyMargin >= LeaseDuration)
            throw new SettingException(
                $"LEASE_RENEW_MS + LEASE_MARGIN_MS must be below LEASE_TTL_MS; {RenewInterval.TotalMilliseconds} + "
                    + $"{SafetyMargin.TotalMilliseconds} "
                    + $"is not below {LeaseDuration.TotalMilliseconds}."
            );
        if (PollInterval >= LeaseDuration)
            throw new SettingException(
                $"LEASE_POLL_MS must be below LEASE_TTL_MS; {PollInterval.TotalMilliseconds} is not below "
                    + $"{LeaseDuration.TotalMilliseconds}."
            );
    }
}
