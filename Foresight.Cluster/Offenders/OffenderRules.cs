namespace Foresight.Cluster.Offenders;

public readonly record struct Strike(DateTimeOffset At, int Points);

public enum OffenderLevel
{
    Clear,

    Capped,

    Refused,
}

/// <param name="Points">Points of its strikes that have not faded, rounded up.</param>
/// <param name="Improves">Time until the level improves if there is no new strike; zero at the best level.</param>
public readonly record struct Standing(OffenderLevel Level, int Points, TimeSpan Improves);

/// <summary>
/// Points fade one after the other at a steady rate, so the moment at which the last one fades describes a score fully. Pure, so that the
/// same strikes and time give the same standing on every node.
/// </summary>
public static class OffenderRules
{
    /// <summary>No score takes longer to fade, so older strikes are never read.</summary>
    public static readonly TimeSpan Memory = TimeSpan.FromDays(1);

    public static int PointsOf(string code) =>
        code switch
        {
            "insufficient_collateral" or "insufficient_shares" or "order_cancelled" => OffenderOptions.UsualPoints,
            "transfer_refused" or "payout_refused" => OffenderOptions.UsualPoints,
            "invalid_signature" => OffenderOptions.DeliberatePoints,
            _ => 0,
        };

    /// <param name="strikes">Of one account, oldest first, because points fade one after the other.</param>
    public static Standing StandingOf(IEnumerable<Strike> strikes, OffenderOptions options, DateTimeOffset now)
    {
        var clean = DateTimeOffset.MinValue;
        foreach (var strike in strikes)
        {
            if (now - strike.At >= Memory)
                continue;
            var from = clean > strike.At ? clean : strike.At;
            var most = strike.At + Memory;
            clean = strike.Points * options.PointLasts < most - from ? from + (strike.Points * options.PointLasts) : most;
        }

        var left = clean > now ? clean - now : TimeSpan.Zero;
        if (left >= options.RefuseFrom * options.PointLasts)
            return Of(OffenderLevel.Refused, options.RefuseFrom);
        return left >= options.CapFrom * options.PointLasts
            ? Of(OffenderLevel.Capped, options.CapFrom)
            : new Standing(OffenderLevel.Clear, PointsIn(left, options), TimeSpan.Zero);

        // One tick later, because at the bound itself the level still holds.
        Standing Of(OffenderLevel level, int bound) =>
            new(level, PointsIn(left, options), left - (bound * options.PointLasts) + TimeSpan.FromTicks(1));
    }

    private static int PointsIn(TimeSpan left, OffenderOptions options) =>
        (int)((left.Ticks + options.PointLasts.Ticks - 1) / options.PointLasts.Ticks);
}
