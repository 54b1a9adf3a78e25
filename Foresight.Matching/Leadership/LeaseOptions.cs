using Foresight.ServiceDefaults.Hosting;

namespace Foresight.Matching.Leadership;

/// <summary>The lease's times. Their relations are checked at start, because a wrong one costs availability silently.</summary>
public sealed record LeaseOptions
{
    /// <summary>The lease ends this long after the last renewal. <c>LEASE_TTL_MS</c>, 5 s.</summary>
    public TimeSpan LeaseDuration { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary><c>LEASE_RENEW_MS</c>, 1.5 s: two renewals may fail before trust ends.</summary>
    public TimeSpan RenewInterval { get; init; } = TimeSpan.FromSeconds(1.5);

    /// <summary>How often a follower looks. <c>LEASE_POLL_MS</c>, 0.5 s.</summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromSeconds(0.5);

    /// <summary>
    /// The holder stops trusting itself this long before the lease can end, for clocks that run at different rates and for the time that
    /// stopping takes. <c>LEASE_MARGIN_MS</c>, 0.5 s. Safety does not hang on it: the fence in Postgres decides.
    /// </summary>
    public TimeSpan SafetyMargin { get; init; } = TimeSpan.FromSeconds(0.5);

    /// <summary>
    /// Whether a follower may take over before the lease ends when both the leader's address refuses connections and its database
    /// session is gone. <c>LEASE_FAST_PATH</c>, true.
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
                $"LEASE_RENEW_MS + LEASE_MARGIN_MS must be below LEASE_TTL_MS; {RenewInterval.TotalMilliseconds} + {SafetyMargin.TotalMilliseconds} "
                    + $"is not below {LeaseDuration.TotalMilliseconds}."
            );
        if (PollInterval >= LeaseDuration)
            throw new SettingException(
                $"LEASE_POLL_MS must be below LEASE_TTL_MS; {PollInterval.TotalMilliseconds} is not below {LeaseDuration.TotalMilliseconds}."
            );
    }
}
