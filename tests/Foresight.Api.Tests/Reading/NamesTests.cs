using Foresight.Api.Reading;
using Foresight.Matching.Engine;
using Foresight.Protocol;

namespace Foresight.Api.Tests.Reading;

/// <summary>A number that moves would rename what the journal has stored.</summary>
public sealed class NamesTests
{
    [Theory]
    [InlineData(0, "open")]
    [InlineData(1, "partially_filled")]
    [InlineData(2, "filled")]
    [InlineData(3, "cancelled")]
    [InlineData(4, "expired")]
    [InlineData(5, "rejected")]
    public void AStatus_IsTheSameWordInAnswersAndFilters(short number, string name)
    {
        Assert.Equal(name, Names.OfOrderStatus(number));
        Assert.Equal(number, Names.OrderStatusOf(name));
    }

    [Theory]
    [InlineData("Open")]
    [InlineData("live")]
    [InlineData("")]
    [InlineData("0")]
    public void AStatusThatThereIsNot_HasNoNumber(string name) => Assert.Null(Names.OrderStatusOf(name));

    [Theory]
    [InlineData(null, TimeInForce.GoodTilCancelled, "GTC")]
    [InlineData("GTC", TimeInForce.GoodTilCancelled, "GTC")]
    [InlineData("GTD", TimeInForce.GoodTilDate, "GTD")]
    [InlineData("IOC", TimeInForce.ImmediateOrCancel, "IOC")]
    [InlineData("FAK", TimeInForce.ImmediateOrCancel, "IOC")]
    [InlineData("FOK", TimeInForce.FillOrKill, "FOK")]
    public void ATimeInForce_IsShownAsItWasAsked(string? asked, TimeInForce means, string shown)
    {
        Assert.Equal(means, Names.TimeInForceOf(asked));
        Assert.Equal(shown, Names.OfTimeInForce((short)means));
    }

    [Theory]
    [InlineData("gtc")]
    [InlineData("")]
    [InlineData("DAY")]
    public void ATimeInForceThatThereIsNot_IsNone(string asked) => Assert.Null(Names.TimeInForceOf(asked));

    [Theory]
    [InlineData(null, SelfTradePrevention.CancelNewest)]
    [InlineData("cancel_newest", SelfTradePrevention.CancelNewest)]
    [InlineData("cancel_oldest", SelfTradePrevention.CancelOldest)]
    [InlineData("cancel_both", SelfTradePrevention.CancelBoth)]
    [InlineData("Cancel_Both", null)]
    [InlineData("", null)]
    public void SelfTradePrevention_IsTheNewestUnlessAsked(string? asked, SelfTradePrevention? means) =>
        Assert.Equal(means, Names.SelfTradePreventionOf(asked));

    [Theory]
    [InlineData(0, MarketStates.Open)]
    [InlineData(1, MarketStates.Paused)]
    [InlineData(2, MarketStates.Closed)]
    [InlineData(3, MarketStates.Resolved)]
    public void AMarketsState_HasItsWord(short number, string name) => Assert.Equal(name, Names.OfMarketState(number));

    [Theory]
    [InlineData(0, "direct")]
    [InlineData(1, "mint")]
    [InlineData(2, "merge")]
    public void ATradesKind_HasItsWord(short number, string name) => Assert.Equal(name, Names.OfTradeKind(number));
}
