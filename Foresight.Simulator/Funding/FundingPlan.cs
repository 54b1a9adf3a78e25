using Foresight.Matching.Engine;
using Foresight.Simulator.Traders;

namespace Foresight.Simulator.Funding;

/// <summary>Complete sets, so that a trader has something to sell before its first purchase.</summary>
public sealed record SetsWanted(TradedMarket Market, Quantity Quantity);

/// <param name="Usdc">Remainder after the sets are paid for.</param>
public sealed record TraderFunds(Trader Trader, Amount Usdc, IReadOnlyList<SetsWanted> Sets);

public static class FundingPlan
{
    private static readonly Amount Usdc = new(1_000_000 * 1_000_000L);
    private static readonly Quantity MakerSets = new(20_000 * 100L);
    private static readonly Quantity TakerSets = new(2_000 * 100L);

    /// <summary>The first half, the makers, get sets of every market, because they quote both sides; the others get sets of one.</summary>
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
