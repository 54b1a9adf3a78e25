using Foresight.Matching.Engine;

namespace Foresight.Matching.Invariants;

internal static class TradeRules
{
    /// <summary>The legs of a complete set pay, or receive, one USDC for one share of each outcome.</summary>
    private const int TicksOfASet = 10_000;

    public static bool Conserves(TradeKind kind, long lots, IReadOnlyList<FillFacts> legs, int outcomes)
    {
        if (lots <= 0 || legs.Any(leg => leg.Lots != lots) || legs.Count(leg => leg.IsTaker) != 1)
            return false;
        if (kind == TradeKind.Direct)
            return legs is [var one, var other]
                && one.IsBuy != other.IsBuy
                && one.Outcome == other.Outcome
                && one.PriceTicks == other.PriceTicks;
        return legs.Count == outcomes
            && legs.All(leg => leg.IsBuy == (kind == TradeKind.Mint))
            && legs.Sum(leg => leg.PriceTicks) == TicksOfASet
            && legs.Select(leg => leg.Outcome).Distinct().Count() == outcomes;
    }
}
