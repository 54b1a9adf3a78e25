namespace Foresight.Cluster.Offenders;

public readonly record struct Strike(DateTimeOffset At, int Points);

public enum OffenderLevel
{
    Clear,

    /// <summary>The value of its open orders is limited.</summary>
    Capped,

    Refused,
}

/// <param name="Points">Points of its strikes that have not faded, rounded up.</param>
/// <param name="Improves">Time until the level improves if there is no new strike; zero at the best level.</param>
public readonly record struct Standing(OffenderLevel Level, int Points, TimeSpan Improves);

/// <summary>
/// Computes an account's standing from its failed trades. Each strike adds points, which fade one after the other at a steady rate, so the
/// score is fully described by the moment at which the last point fades. Pure: the same strikes and time give the same standing on every
/// node.
/// </summary>
public static class OffenderRules
{
    /// <summary>Strikes older than this have faded completely, and no score takes longer to fade.</summary>
    public static readonly TimeSpan Memory = TimeSpan.FromDays(1);

    /// <summary>Weight of the usual cases: funds moved away, an approval revoked, an order cancelled directly on chain.</summary>
    public const int Usual = 20;

    /// <summary>A wallet that accepts a signature and later rejects it was programmed to do so.</summary>
    public const int Deliberate = 30;

    /// <summary>Returns the points of a failed trade for the account responsible; 0 if no account is.</summary>
    /// <param name="code">The code in the trade's stored reason.</param>
    public static int PointsOf(string code) =>
        code switch
        {
            "insufficient_collateral" or "insufficient_shares" or "order_cancelled" => Usual,
            "transfer_refused" or "payout_refused" => Usual,
            "invalid_signature" => Deliberate,
            _ => 0,
        };

    /// <param name="strikes">Strikes of one account, oldest first.</param>
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

        // One tick later the score is below the bound.
        Standing Of(OffenderLevel level, int bound) =>
            new(level, PointsIn(left, options), left - (bound * options.PointLasts) + TimeSpan.FromTicks(1));
    }

    private static int PointsIn(TimeSpan left, OffenderOptions options) =>
        (int)((left.Ticks + options.PointLasts.Ticks - 1) / options.PointLasts.Ticks);
}
