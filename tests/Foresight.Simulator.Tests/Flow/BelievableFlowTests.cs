using Foresight.Matching.Engine;
using Foresight.Simulator.Flow;
using Foresight.Simulator.Traders;

namespace Foresight.Simulator.Tests.Flow;

public sealed class BelievableFlowTests
{
    private readonly IReadOnlyList<Trader> _traders = Trader.FromSeed(5, 8);

    [Fact]
    public void SameSeed_MakesTheSameDecisions_AnotherSeedOthers()
    {
        var clock = new FrozenClock();
        var (first, again, other) = (Decisions(5, clock), Decisions(5, clock), Decisions(6, clock));
        Assert.Equal(first, again);
        Assert.NotEqual(first, other);
    }

    [Fact]
    public void Decisions_AreValidOrders_OfEveryKind()
    {
        var flow = new BelievableFlow(3, 20, TestMarkets.Both, _traders, TimeProvider.System);
        var steps = Enumerable.Range(0, 3000).Select(_ => flow.Next()).ToList();
        Assert.All(
            steps,
            step =>
            {
                Assert.InRange(step.Intent.Price.Ticks, Price.MinTicks, Price.MaxTicks);
                Assert.Equal(0, step.Intent.Price.Ticks % step.Intent.Market.TickSize);
                Assert.InRange(step.Intent.Quantity.Lots, Quantity.MinLots, Quantity.MaxLots);
                Assert.InRange(step.Intent.Outcome, 0, step.Intent.Market.Outcomes - 1);
                Assert.Equal(step.Intent.TimeInForce == TimeInForce.GoodTilDate, step.Intent.ExpiresAt is not null);
            }
        );
        Assert.Equal(Enum.GetValues<TimeInForce>(), steps.Select(s => s.Intent.TimeInForce).Distinct().Order());
        Assert.Contains(steps, s => s.Intent.PostOnly);
        Assert.InRange(steps.Average(s => s.Pause.TotalSeconds), 0.045, 0.055);
    }

    [Fact]
    public void TheFirstTradersMakeMarkets_AndTheOthersTake()
    {
        var flow = new BelievableFlow(3, 20, TestMarkets.Both, _traders, TimeProvider.System);
        var steps = Enumerable.Range(0, 3000).Select(_ => flow.Next()).ToList();
        // A maker's quote must never take liquidity and must expire.
        var quotes = steps.Where(step => step.Intent is { PostOnly: true, TimeInForce: TimeInForce.GoodTilDate }).ToList();
        Assert.InRange(quotes.Count / 3000.0, 0.55, 0.65);
        Assert.Equal(_traders.Take(4).Select(trader => trader.Name), quotes.Select(step => step.Trader.Name).Distinct().Order());
        Assert.Equal(
            _traders.Skip(4).Select(trader => trader.Name),
            steps.Except(quotes).Select(step => step.Trader.Name).Distinct().Order()
        );
        Assert.All(TestMarkets.Both, market => Assert.Contains(steps, step => step.Intent.Market == market));
    }

    [Fact]
    public void WithoutAMarket_OrWithOneTrader_ThereIsNoFlow()
    {
        Assert.Throws<ArgumentException>(() => new BelievableFlow(1, 1, [], _traders, TimeProvider.System));
        Assert.Throws<ArgumentException>(() => new BelievableFlow(1, 1, TestMarkets.Both, [_traders[0]], TimeProvider.System));
    }

    private List<(TimeSpan, string, OrderIntent)> Decisions(ulong seed, TimeProvider clock)
    {
        var flow = new BelievableFlow(seed, 20, TestMarkets.Both, _traders, clock);
        return [.. Enumerable.Range(0, 500).Select(_ => flow.Next()).Select(step => (step.Pause, step.Trader.Name, step.Intent))];
    }
}
