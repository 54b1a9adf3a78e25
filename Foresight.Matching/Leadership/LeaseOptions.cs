using Foresight.ServiceDefaults.Hosting;

namespace Foresight.Matching.Leadership;

/// <summary>
/// The times of a lease. Their relations are validated at start, because a violation reduces availability without any error.
/// </summary>
public sealed record LeaseOptions
{
    /// <summary>
    /// <c>LEASE_TTL_MS</c>. A resource whose leader is cut off, or crashed unnoticed, has no leader for this long after the last renewal.
    /// </summary>
    public TimeSpan LeaseDuration { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary><c>LEASE_RENEW_MS</c>. The default lets two renewals fail before trust ends at 4.5 s.</summary>
    public TimeSpan RenewInterval { get; init; } = TimeSpan.FromSeconds(1.5);

    /// <summary>
    /// <c>LEASE_POLL_MS</c>. Longest time between two looks of a follower, but for a second's pause after a fault. It looks earlier when
    /// the lease runs out or is released, and with <see cref="CrashFastPath"/> when the holder's process ends.
    /// </summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromSeconds(0.5);

    /// <summary>
    /// The holder stops trusting its lease this long before it can expire, to cover clocks of different rates and the time that stopping
    /// takes. <c>LEASE_MARGIN_MS</c>, default 0.5 s. Safety does not depend on it: the fence in Postgres decides.
    /// </summary>
    public TimeSpan SafetyMargin { get; init; } = TimeSpan.FromSeconds(0.5);

    /// <summary><c>LEASE_FAST_PATH</c>. Without it every crash of a leader costs the rest of its lease.</summary>
    public bool CrashFastPath { get; init; } = true;

    /// <summary>
    /// <c>CLUSTER_ENABLED=false</c>: there is one node and no election, so every look is a vacancy, even if another node holds the lease.
    /// Two such nodes by mistake end each other's terms and never both write, because the fence still holds.
    /// </summary>
    public bool IsSoleNode { get; init; }

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
            IsSoleNode = !configuration.ClusterEnabled(),
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
