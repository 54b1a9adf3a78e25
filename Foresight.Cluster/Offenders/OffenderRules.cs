namespace Foresight.Cluster.Offenders;

/// <summary>A trade that failed by an account's doing.</summary>
public readonly record struct Strike(DateTimeOffset At, int Points);

public enum OffenderLevel
{
    /// <summary>As everybody.</summary>
    Clear,

    /// <summary>The worth of its open orders is bounded.</summary>
    Capped,

    /// <summary>No new orders.</summary>
    Refused,
}

/// <param name="Points">Left of what its strikes counted, rounded up.</param>
/// <param name="Improves">After this long, without a new strike, the level is a better one; zero when it is the best.</param>
public readonly record struct Standing(OffenderLevel Level, int Points, TimeSpan Improves);

/// <summary>
/// How much an account is trusted, by what became of its trades. Each strike adds points, and points fade one after the other at a steady
/// rate, so the score is nothing but the moment at which the last one is gone. Pure: same strikes and time, same standing, on every node.
/// </summary>
public static class OffenderRules
{
    /// <summary>Strikes older than this have faded whatever they counted, and no account is in debt for longer.</summary>
    public static readonly TimeSpan Memory = TimeSpan.FromDays(1);

    /// <summary>
    /// The usual weight: money or shares that were moved away, an approval that was revoked, an order that was cancelled past us.
    /// </summary>
    public const int Usual = 20;

    /// <summary>A wallet that accepts a signature and then refuses it was made to do so.</summary>
    public const int Deliberate = 30;

    /// <summary>What a failed trade counts against the account that it is blamed on; 0: nobody's fault, or ours.</summary>
    /// <param name="code">Of the reason that is stored with the trade.</param>
    public static int PointsOf(string code) =>
        code switch
        {
            "insufficient_collateral" or "insufficient_shares" or "order_cancelled" => Usual,
            "transfer_refused" or "payout_refused" => Usual,
            "invalid_signature" => Deliberate,
            _ => 0,
        };

    /// <param name="strikes">Of one account, oldest first.</param>
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

        // One tick later it is below the bound.
        Standing Of(OffenderLevel level, int bound) =>
            new(level, PointsIn(left, options), left - (bound * options.PointLasts) + TimeSpan.FromTicks(1));
    }

    private static int PointsIn(TimeSpan left, OffenderOptions options) =>
        (int)((left.Ticks + options.PointLasts.Ticks - 1) / options.PointLasts.Ticks);
}
