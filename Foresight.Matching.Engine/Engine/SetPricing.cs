namespace Foresight.Matching.Engine;

/// <summary>The legs' prices add up to exactly one USDC, because at that price a set is minted and redeemed.</summary>
internal static class SetPricing
{
    /// <summary>
    /// At least one tick of the market, because the chain takes no price of zero, even if the other outcomes' bids add up to one USDC or
    /// more (docs/decisions/0100).
    /// </summary>
    public static int MintTakerTicks(int makerTicks, int tickSize) => Math.Max(Price.TicksPerUnit - makerTicks, tickSize);

    /// <summary>
    /// If makers bid more than a set costs, refusing the trade would let a better bid prevent it (docs/decisions/0100). So the highest
    /// prices are lowered to one common level: no maker pays more than its bid, a maker below the level pays its bid, and the odd ticks go
    /// to the first legs.
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
