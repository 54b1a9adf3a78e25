using Foresight.Matching.Engine;
using Foresight.Simulator.Traders;

namespace Foresight.Simulator.Flow;

/// <summary>
/// For measurements: small orders at an even rate within a few ticks of the middle price, so that about half of them trade and the book
/// stays small. None is cancelled, so that every acknowledged order can be accounted for.
/// </summary>
public sealed class SteadyFlow(ulong seed, double ordersPerSecond, IReadOnlyList<TradedMarket> markets, IReadOnlyList<Trader> traders)
    : IOrderFlow
{
    private const long LargestOrderLots = 500;
    private const int StepsFromMiddle = 5;

    private readonly FlowRandom _random = new(seed);
    private readonly TimeSpan _pause = TimeSpan.FromSeconds(1 / ordersPerSecond);
    private int _turn;

    public FlowStep Next()
    {
        var market = markets[_turn % markets.Count];
        var trader = traders[_turn++ % traders.Count];
        var outcome = _random.Below(market.Outcomes);
        var side = _random.Chance(0.5) ? Side.Buy : Side.Sell;
        var middle = market.RoundToTick(1.0 / market.Outcomes);
        var price = new Price(middle.Ticks + (_random.Below(2 * StepsFromMiddle + 1) - StepsFromMiddle) * market.TickSize);
        var lots = 1 + (long)(_random.Uniform() * LargestOrderLots);
        return new FlowStep(_pause, trader, new OrderIntent(market, outcome, side, price, new Quantity(lots)), null);
    }
}
