using Foresight.Matching.Engine;
using Foresight.Simulator.Traders;

namespace Foresight.Simulator.Tests.Traders;

public sealed class TradedMarketTests
{
    [Theory]
    [InlineData(0.5, 5_000, 5_000)]
    [InlineData(0.33333, 3_333, 3_300)]
    [InlineData(-1, 1, 100)]
    [InlineData(0, 1, 100)]
    [InlineData(2, 9_999, 9_900)]
    public void AProbability_BecomesTheNearestPriceOfTheGrid_InsideItsBounds(double probability, int fine, int coarse)
    {
        Assert.Equal(fine, TestMarkets.Binary.RoundToTick(probability).Ticks);
        Assert.Equal(coarse, TestMarkets.ThreeWay.RoundToTick(probability).Ticks);
    }

    [Fact]
    public void OnlyAnOrderOfABinaryMarket_HasAMirror()
    {
        var buy = new OrderIntent(TestMarkets.Binary, 0, Side.Buy, new Price(3_000), new Quantity(1));
        Assert.Equal(buy with { Outcome = 1, Side = Side.Sell, Price = new Price(7_000) }, buy.Mirrored());
        Assert.Equal(buy, buy.Mirrored().Mirrored());
        Assert.Throws<InvalidOperationException>(() => (buy with { Market = TestMarkets.ThreeWay }).Mirrored());
    }
}
