using System.Numerics;
using Foresight.Matching.Settlement;

namespace Foresight.Matching.Tests.Settlement;

[Trait("Category", "Trust")]
public sealed class RefusedRulesTests
{
    private static readonly BigInteger Cap = 500;
    private static readonly Fee Market = new(40, 2);

    [Fact]
    public void AtTheFeeOfToday_ItIsHalved_UntilASignOfLifeIsLeft()
    {
        var sizes = new List<int>();
        for (var trades = 50; trades > 0; sizes.Add(trades))
        {
            var next = RefusedRules.Next(Refused(trades, Market), Market, Cap);
            Assert.Equal(Market, next!.Value.Fee);
            trades = next.Value.Trades;
        }

        Assert.Equal([25, 12, 6, 3, 1, 0], sizes);
    }

    [Theory]
    [InlineData(44, 20)]
    [InlineData(45, 40)]
    [InlineData(400, 40)]
    public void AfterFeesFell_AllTradesAreTriedWithTheFeeOfToday(int refusedFor, int expectedTrades) =>
        Assert.Equal(new SmallerBatch(expectedTrades, Market), RefusedRules.Next(Refused(40, new Fee(refusedFor, 2)), Market, Cap));

    /// <summary>A node that wants more than one fee and less than another would otherwise be offered both in turn, for ever.</summary>
    [Fact]
    public void AFeeThatWasTried_IsNotTriedAgain() =>
        Assert.Equal(20, RefusedRules.Next(Refused(40, new Fee(46, 2)) with { LeastTried = 40 }, Market, Cap)!.Value.Trades);

    [Fact]
    public void WhatAPoolMayHave_IsReplacedWithAHigherFee_UpToTheCap()
    {
        Assert.Equal(
            new SmallerBatch(2, new Fee(68, 3)),
            RefusedRules.Next(Refused(4, new Fee(60, 2)) with { Accepted = new Fee(60, 2) }, Market, Cap)
        );
        Assert.Equal(
            new SmallerBatch(2, new Fee(Cap, 2)),
            RefusedRules.Next(Refused(4, new Fee(490, 2)) with { Accepted = new Fee(490, 2) }, Market, Cap)
        );
    }

    [Fact]
    public void WithoutMoney_OnlyALowerFeeIsTried()
    {
        Assert.Null(RefusedRules.Next(Refused(40, Market) with { LacksMoney = true }, Market, Cap));
        Assert.Equal(new SmallerBatch(40, Market), RefusedRules.Next(Refused(40, new Fee(90, 2)) with { LacksMoney = true }, Market, Cap));
    }

    [Fact]
    public void ASignOfLifeThatIsRefused_IsOfferedMore_UpToTheCap()
    {
        Assert.Equal(new SmallerBatch(0, new Fee(46, 3)), RefusedRules.Next(Refused(0, Market), Market, Cap));
        Assert.Null(RefusedRules.Next(Refused(0, new Fee(480, 2)), new Fee(470, 2), Cap));
    }

    private static RefusedBatch Refused(int trades, Fee fee) => new(trades, fee, fee.MaxFee, Accepted: null, LacksMoney: false);
}
