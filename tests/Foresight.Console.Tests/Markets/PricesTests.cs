using Foresight.Console.Markets;

namespace Foresight.Console.Tests.Markets;

public sealed class PricesTests
{
    [Theory]
    [InlineData("0.42", "0.0001", "0.4200")]
    [InlineData("0.42", "0.001", "0.420")]
    [InlineData("0.4", "0.01", "0.40")]
    [InlineData("0.4", "0.1", "0.40")]
    [InlineData(null, "0.01", "–")]
    [InlineData("none", "0.01", "–")]
    public void Price_HasTheDecimalsOfItsTick_AtLeastTwo(string? exact, string tick, string expected) =>
        Assert.Equal(expected, Prices.Show(exact, tick));

    [Fact]
    public void TicksAndLots_AreExactDecimals()
    {
        Assert.Equal((0.4201m, 12.34m), (Prices.FromTicks(4_201), Prices.FromLots(1_234)));
        Assert.Equal("0.4201", Prices.Show(4_201, "0.0001"));
        Assert.Equal("12,345.67", Prices.Shares(1_234_567));
        Assert.Equal(92_233_720_368_547_758.07m, Prices.FromLots(long.MaxValue));
    }

    [Theory]
    [InlineData(6_300, 6_500, "0.64")]
    [InlineData(6_300, 6_400, "0.635")]
    public void Middle_HasAnotherDecimalOnlyBetweenTicks(int bid, int ask, string expected) =>
        Assert.Equal(expected, Prices.Middle(bid, ask, "0.01"));

    [Theory]
    [InlineData("1234.49", "1,234")]
    [InlineData("0", "0")]
    [InlineData(null, "–")]
    public void Total_IsAWholeNumber(string? exact, string expected) => Assert.Equal(expected, Prices.Whole(exact));

    [Fact]
    public void TradeOfNo_IsSeenFromYes_AtOneLessItsPrice()
    {
        var trade = Samples.Trade(outcome: 1, price: "0.3");
        Assert.Equal((0.3m, 0.7m), (Prices.Of(trade, 1, outcomeCount: 2), Prices.Of(trade, 0, outcomeCount: 2)));
    }

    [Fact]
    public void TradeOfOneOutcomeOfThree_SaysNothingOfAnother()
    {
        var trade = Samples.Trade(outcome: 1, price: "0.3");
        Assert.Equal((0.3m, null), (Prices.Of(trade, 1, outcomeCount: 3), Prices.Of(trade, 0, outcomeCount: 3)));
    }
}
