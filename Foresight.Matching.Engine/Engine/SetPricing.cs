namespace Foresight.Matching.Engine;

/// <summary>
/// Prices of the legs of a complete set. They add up to exactly one USDC, the price at which a set is minted and redeemed.
/// </summary>
internal static class SetPricing
{
    /// <summary>
    /// Returns the incoming buyer's price if the other outcomes' bids add up to this: the rest of one USDC, but at least one tick of the
    /// market.
    /// </summary>
    public static int MintTakerTicks(int makerTicks, int tickSize) => Math.Max(Price.TicksPerUnit - makerTicks, tickSize);

    /// <summary>
    /// Lowers the highest makers' prices to one common level until they add up to what the incoming buyer's single tick leaves. No maker
    /// pays more than its bid, a maker below the level pays its bid, and the odd ticks go to the first legs.
    /// </summary>
    /// <param name="makers">Bids of the other outcomes, at least one tick of the market each, that add up to more than the target.</param>
    /// <param name="target">The sum to reach: a multiple of the tick size, at least one tick for each.</param>
    public static void LowerTo(Span<int> makers, int target, int tickSize)
    {
        // The sum ascends with the level, so a binary search finds the greatest level at which it does not exceed the target.
        int low = 0,
            high = Price.TicksPerUnit / tickSize;
        while (low < high)
        {
            var level = (low + high + 1) >> 1;
            if (SumCapped(makers, level * tickSize) <= target)
                low = level;
            else
                high = level - 1;
        }

        var cap = low * tickSize;
        var odd = target - SumCapped(makers, cap);
        foreach (ref var ticks in makers)
        {
            if (ticks <= cap)
                continue;
            ticks = cap;
            if (odd == 0)
                continue;
            ticks += tickSize;
            odd -= tickSize;
        }
    }

    private static int SumCapped(ReadOnlySpan<int> ticks, int cap)
    {
        var sum = 0;
        foreach (var one in ticks)
            sum += Math.Min(one, cap);
        return sum;
    }
}
