using Foresight.ServiceDefaults.Hosting;
using Microsoft.Extensions.Configuration;

namespace Foresight.Cluster.Offenders;

public sealed record OffenderOptions
{
    /// <summary>Points from which an account's open orders are capped. <c>OFFENDER_CAP_POINTS</c>.</summary>
    public int CapFrom { get; init; } = 10;

    /// <summary>
    /// Points from which new orders are refused: at the usual 20 points, the third failed trade within a short time.
    /// <c>OFFENDER_REFUSE_POINTS</c>.
    /// </summary>
    public int RefuseFrom { get; init; } = 50;

    /// <summary>Time in which one point fades. <c>OFFENDER_POINT_MS</c>.</summary>
    public TimeSpan PointLasts { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Largest value of a capped account's open orders at their prices, in micro-USDC. <c>OFFENDER_OPEN_NOTIONAL_USDC</c>.
    /// </summary>
    public long CappedNotional { get; init; } = 1_000_000_000;

    public static OffenderOptions From(IConfiguration configuration)
    {
        var defaults = new OffenderOptions();
        var options = new OffenderOptions
        {
            CapFrom = configuration.Integer("OFFENDER_CAP_POINTS", defaults.CapFrom, 1, 1_000_000),
            RefuseFrom = configuration.Integer("OFFENDER_REFUSE_POINTS", defaults.RefuseFrom, 1, 1_000_000),
            PointLasts = configuration.Milliseconds(
                "OFFENDER_POINT_MS",
                defaults.PointLasts,
                TimeSpan.FromMilliseconds(1),
                TimeSpan.FromDays(1)
            ),
            CappedNotional =
                1_000_000L
                * configuration.Integer("OFFENDER_OPEN_NOTIONAL_USDC", (int)(defaults.CappedNotional / 1_000_000), 0, 1_000_000_000),
        };
        if (options.RefuseFrom < options.CapFrom)
            throw new SettingException(
                "OFFENDER_REFUSE_POINTS must be at least OFFENDER_CAP_POINTS, because a refused account is also capped."
            );
        return options;
    }
}
