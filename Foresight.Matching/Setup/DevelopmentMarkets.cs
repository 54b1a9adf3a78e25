namespace Foresight.Matching.Setup;

/// <param name="TickSize">1, 10 or 100 ticks of 0.0001 USDC.</param>
public sealed record PlannedMarket(string Question, IReadOnlyList<string> Outcomes, int TickSize);

/// <summary>Every fourth market has three outcomes, so that complete sets are exercised too.</summary>
public static class DevelopmentMarkets
{
    private static readonly string[] YesNo = ["Yes", "No"];

    private static readonly PlannedMarket[] First =
    [
        new("Will the European Central Bank cut its deposit rate at its next meeting?", YesNo, 100),
        new("Will Bitcoin close the year above 150,000 USD?", YesNo, 10),
        new("Will a crewed spacecraft land on the Moon before the end of next year?", YesNo, 100),
        new("How does the cup final end after 90 minutes?", ["Home", "Draw", "Away"], 100),
    ];

    /// <summary>Deterministic, so that a repeated set-up finds its markets. Counts from 0.</summary>
    public static PlannedMarket Number(int index)
    {
        if (index < First.Length)
            return First[index];
        return index % 4 == 3
            ? new PlannedMarket($"Which party leads the poll of week {index + 1}?", ["Labour", "Conservative", "Another"], 100)
            : new PlannedMarket($"Will the S&P 500 close above {4_000 + (index * 50):N0} at the end of the month?", YesNo, 100);
    }
}
