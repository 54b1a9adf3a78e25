using Foresight.ServiceDefaults.Hosting;
using Microsoft.Extensions.Configuration;

namespace Foresight.Cluster.Offenders;

public sealed record OffenderOptions
{
    /// <summary>
    /// For funds moved away, an approval revoked, or an order cancelled directly on chain. It may also happen once to an honest account, so
    /// one such strike alone only caps.
    /// </summary>
    public const int UsualPoints = 20;

    /// <summary>For a wallet that accepted a signature and rejects it later, because it was programmed to do so.</summary>
    public const int DeliberatePoints = 30;

    /// <summary>
    /// Points from which an account's open orders are capped: by default one usual strike caps it for ten minutes.
    /// <c>OFFENDER_CAP_POINTS</c>.
    /// </summary>
    public int CapFrom { get; init; } = 10;

    /// <summary>
    /// Points from which new orders are refused: by default at the third usual strike within a short time, because that is no accident any
    /// more. <c>OFFENDER_REFUSE_POINTS</c>.
    /// </summary>
    public int RefuseFrom { get; init; } = 50;

    /// <summary>
    /// Time in which one point fades, because a ban would be too much for what may happen once (docs/decisions/0623).
    /// <c>OFFENDER_POINT_MS</c>.
    /// </summary>
    public TimeSpan PointLasts { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// In micro-USDC, at the orders' prices. A capped account may still trade, because its strikes may have been an accident, but only with
    /// this much open. <c>OFFENDER_OPEN_NOTIONAL_USDC</c>.
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
