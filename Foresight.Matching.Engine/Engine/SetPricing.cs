namespace Foresight.Matching.Engine;

/// <summary>Prices of the legs of a complete set. They sum to exactly one USDC, which is what a set costs and redeems for.</summary>
internal static class SetPricing
{
    /// <summary>
    /// What the incoming buyer pays when the other outcomes' bids sum to this: the rest of one USDC, and one tick of the market when they
    /// leave less.
    /// </summary>
    public static int MintTakerTicks(int makerTicks, int tickSize) => Math.Max(Price.TicksPerUnit - makerTicks, tickSize);

    /// <summary>
    /// Lowers the dearest makers' prices to one common level until they sum to what the incoming buyer's one tick leaves. Nobody pays more
    /// than he bid, a maker below the level pays what he bid, and the odd ticks go to the legs that come first.
    /// </summary>
    /// <param name="makers">Bids of the other outcomes, at least one tick of the market each, that sum to more than the target.</param>
    /// <param name="target">What they shall sum to: a multiple of the tick size, at least one tick for each.</param>
    public static void LowerTo(Span<int> makers, int target, int tickSize)
    {
        // The greatest level at which the sum does not exceed the target.
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
