using Foresight.Protocol;

namespace Foresight.Matching.Orders;

/// <summary>
/// Bounds the life of orders by the settlement role's signs of life on chain, so that every order that was ever known here has expired when
/// the markets get into escape mode, in which strangers fill orders (docs/decisions/0660), and that what is matched can still be settled
/// before it expires (docs/decisions/0663). Pure.
/// </summary>
/// <param name="SignedAt">
/// Unix seconds of the block of the last final sign; null before the first one. A later one may be on chain, which makes this stricter.
/// </param>
/// <param name="LifeSeconds">The contracts' longest life of a signed order; null before the set-up has read it.</param>
/// <param name="BlockTime">Unix seconds of the newest confirmed block that is known; null before the first one.</param>
/// <param name="MarginSeconds">So long before its signed expiry an order ends here.</param>
internal readonly record struct OrderLife(long? SignedAt, long? LifeSeconds, long? BlockTime, long MarginSeconds = 0)
{
    /// <summary>
    /// The latest expiry of a new order. The last final sign and expiries are of the chain's clock, so no clock of a node is part of it.
    /// </summary>
    public long? LatestExpiry => SignedAt + LifeSeconds;

    /// <summary>
    /// True if no new order may be taken, and so nothing be matched: the last final sign is older than half the longest life. The later of
    /// the leader's and the chain's clock counts, so that one that is behind does not make the sign younger.
    /// </summary>
    public bool IsSilent(long nowSeconds) => SignedAt is not { } sign || LifeSeconds is not { } life || Later(nowSeconds) - sign > life / 2;

    public string? RefusalOf(long expirySeconds, long nowSeconds) =>
        IsSilent(nowSeconds) ? ProblemCodes.SettlementSilent
        : expirySeconds > LatestExpiry ? ProblemCodes.ExpiryTooLate
        : expirySeconds > nowSeconds && expirySeconds - MarginSeconds <= Later(nowSeconds) ? ProblemCodes.ExpiryTooSoon
        : null;

    /// <summary>
    /// The second after which the order ends in the engine: the margin before its signed expiry. One without an expiry ends too, after the
    /// longest life, because no order may outlive the guard of the chain (docs/decisions/0660). Never 0, which means no end.
    /// </summary>
    public long EndOf(long expirySeconds, long nowSeconds) =>
        expirySeconds != 0
            ? Math.Max(1, expirySeconds - MarginSeconds)
            : nowSeconds + (LifeSeconds ?? throw new InvalidOperationException("No longest life is known."));

    private long Later(long nowSeconds) => Math.Max(nowSeconds, BlockTime ?? 0);
}
