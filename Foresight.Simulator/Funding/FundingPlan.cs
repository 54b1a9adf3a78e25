using Foresight.Matching.Engine;
using Foresight.Simulator.Traders;

namespace Foresight.Simulator.Funding;

/// <summary>Complete sets that a trader is to own in a market, so that there is something to sell before anybody has bought.</summary>
public sealed record SetsWanted(TradedMarket Market, Quantity Quantity);

/// <summary>What one trader is to have before trading.</summary>
/// <param name="Usdc">Left over after the sets were paid for.</param>
public sealed record TraderFunds(Trader Trader, Amount Usdc, IReadOnlyList<SetsWanted> Sets);

public static class FundingPlan
{
    private static readonly Amount Usdc = new(1_000_000 * 1_000_000L);
    private static readonly Quantity MakerSets = new(20_000 * 100L);
    private static readonly Quantity TakerSets = new(2_000 * 100L);

    /// <summary>The first half get sets of every market, the others of one: the former quote both sides, the latter come and go.</summary>
    public static IReadOnlyList<TraderFunds> For(IReadOnlyList<Trader> traders, IReadOnlyList<TradedMarket> markets) =>
        [
            .. traders.Select(
                (trader, i) =>
                    new TraderFunds(
                        trader,
                        Usdc,
                        i < (traders.Count + 1) / 2
                            ? [.. markets.Select(market => new SetsWanted(market, MakerSets))]
                            : [new SetsWanted(markets[i % markets.Count], TakerSets)]
                    )
            ),
        ];
}
