using Foresight.Console.MarketData;
using Foresight.Protocol;

namespace Foresight.Console.Tests.MarketData;

public sealed class LiveMarketTests
{
    private readonly LiveMarket _market = new(7);

    [Fact]
    public void BeforeTheFirstSnapshot_TheBookIsNotCurrent_AndNotCalledEmpty()
    {
        Assert.Equal("Waiting for the book.", _market.Draw().Failure);
        Assert.True(_market.Take(new HeartbeatMarket(7, 1, 99)));
    }

    [Fact]
    public void Levels_AddUpFromTheBestPriceOutwards()
    {
        _market.Take(Snapshot(10, Bid(5_000, 3), Bid(4_900, 4), Ask(5_100, 1), Ask(5_200, 2)));
        var (bids, asks) = _market.Draw().Books[0];
        Assert.Equal([new BookLevel(5_000, 3, 3), new BookLevel(4_900, 4, 7)], bids.AsEnumerable());
        Assert.Equal([new BookLevel(5_100, 1, 1), new BookLevel(5_200, 2, 3)], asks.AsEnumerable());
        Assert.Empty(_market.Draw().Books[1].Bids);
    }

    [Fact]
    [Trait("Category", "Firm")]
    public void FirmPart_IsOfItsLevel()
    {
        _market.Take(Snapshot(10, Bid(5_000, 3) with { FirmLots = 2 }, Bid(4_900, 4)));
        var (bids, _) = _market.Draw().Books[0];
        Assert.Equal([new BookLevel(5_000, 3, 3, FirmLots: 2), new BookLevel(4_900, 4, 7)], bids.AsEnumerable());
    }

    [Fact]
    public void Levels_BeyondAHundred_AreNotDrawn()
    {
        _market.Take(Snapshot(10, [.. Enumerable.Range(1, 150).Select(tick => Bid(tick, 1))]));
        var bids = _market.Draw().Books[0].Bids;
        Assert.Equal((100, 150, 51), (bids.Length, bids[0].PriceTicks, bids[^1].PriceTicks));
    }

    [Fact]
    public void Gap_IsSaid_AndKeepsTheOldBook_UntilASnapshot()
    {
        Assert.True(_market.Take(Snapshot(10, Bid(5_000, 3))));
        Assert.False(_market.Take(Change(12, previous: 11, Bid(5_000, 9))));
        var drawn = _market.Draw();
        Assert.Equal(
            ("A change of the book is missing; a fresh one is on its way.", 10L, 3L),
            (drawn.Failure, drawn.Sequence, drawn.Books[0].Bids[0].Lots)
        );

        Assert.True(_market.Take(Snapshot(12, Bid(5_000, 9))));
        Assert.Equal((null, 9L), (_market.Draw().Failure, _market.Draw().Books[0].Bids[0].Lots));
    }

    [Fact]
    public void MessageThatComesTwice_DoesNotMakeABrokenBookCurrent()
    {
        _market.Take(Snapshot(10, Bid(5_000, 3)));
        _market.Fail("The connection to the hub broke.");
        Assert.True(_market.Take(Change(10, previous: 9, Bid(5_000, 9))));
        Assert.Equal("The connection to the hub broke.", _market.Draw().Failure);
    }

    [Fact]
    public void BookAfterAFailure_TakesNoChange_BeforeASnapshot()
    {
        _market.Take(Snapshot(10, Bid(5_000, 3)));
        _market.Fail("The connection to the hub broke.");
        Assert.False(_market.Take(Change(11, previous: 10, Bid(5_000, 9))));
        Assert.Equal(3, _market.Draw().Books[0].Bids[0].Lots);
    }

    [Theory]
    [InlineData(1, 10, true)]
    [InlineData(1, 9, true)]
    [InlineData(0, 99, true)]
    [InlineData(1, 11, false)]
    [InlineData(2, 11, false)]
    public void Heartbeat_AheadOfTheBook_MeansALoss(long epoch, long sequence, bool isFine)
    {
        _market.Take(Snapshot(10, Bid(5_000, 3)));
        Assert.Equal(isFine, _market.Take(new HeartbeatMarket(7, epoch, sequence)));
    }

    [Fact]
    public void Trades_AreKeptOnce_NewestFirst_AndBounded()
    {
        _market.Take(Trades([.. Enumerable.Range(1, LiveMarket.KeptTrades)]));
        _market.Take(Trades(LiveMarket.KeptTrades, LiveMarket.KeptTrades + 1));
        var trades = _market.Draw().Trades;
        Assert.Equal((LiveMarket.KeptTrades, 201L, 2L), (trades.Length, trades[0].TradeId, trades[^1].TradeId));
    }

    [Fact]
    public void States_OfTheOldestTrades_AreForgottenFirst()
    {
        var now = Samples.Noon;
        _market.Take(States([.. Enumerable.Range(1, LiveMarket.KeptStates)]), now);
        _market.Take(States(5, LiveMarket.KeptStates + 1), now.AddSeconds(1));
        var states = _market.Draw().States;
        Assert.Equal((LiveMarket.KeptStates, false, true), (states.Count, states.ContainsKey(1), states.ContainsKey(1_001)));
        Assert.Equal(now.AddSeconds(1), states[5].At);
    }

    [Fact]
    public void EachMessage_IsAChangeToDraw_Once()
    {
        Assert.False(_market.TakeChanged());
        foreach (
            var message in new Action[]
            {
                () => _market.Take(Snapshot(10)),
                () => _market.Take(Trades(1)),
                () => _market.Take(States(1), Samples.Noon),
                () => _market.Take(new StatsMessage(7, 1, 10, Samples.Stats())),
                () => _market.Heard(Samples.Noon),
                () => _market.Fail("why"),
            }
        )
        {
            message();
            Assert.Equal((true, false), (_market.TakeChanged(), _market.TakeChanged()));
        }
    }

    [Fact]
    public void Drawing_IsOfOneMoment()
    {
        _market.Take(Snapshot(10, Bid(5_000, 3)));
        _market.Take(new StatsMessage(7, 1, 10, Samples.Stats()));
        _market.Heard(Samples.Noon);
        var drawn = _market.Draw();
        _market.Take(Snapshot(20, Bid(6_000, 1)));
        _market.Take(Trades(1));
        Assert.Equal((10L, 5_000, 0), (drawn.Sequence, drawn.Books[0].Bids[0].PriceTicks, drawn.Trades.Length));
        Assert.Equal((Samples.Noon, "0.42"), (drawn.HeardAt!.Value, drawn.Stats!.LastPrice));
    }

    [Fact]
    public void StateHeardBeforeTheTradeWasRead_DoesNotTakeItBack()
    {
        var heard = new HeardState(new TradeState(42, 7, TradeStates.Failed, "approval_revoked", null, null), Samples.Noon);
        var read = Samples.Trade(settlement: TradeStates.Final);
        Assert.Equal(TradeStates.Final, heard.On(read, Samples.Noon.AddTicks(1)).Settlement);
        Assert.Equal(
            (TradeStates.Failed, "approval_revoked"),
            (heard.On(read, Samples.Noon).Settlement, heard.On(read, Samples.Noon).SettlementReason)
        );
    }

    [Fact]
    public void Watchers_AreThoseThatHaveNotLeft()
    {
        Action one = () => { };
        Action other = () => throw new InvalidOperationException();
        _market.Add(one);
        _market.Add(other);
        _market.Remove(other);
        Assert.Equal([one], _market.Watchers);
    }

    private static LevelChange Bid(int ticks, long lots) => new(0, IsBid: true, ticks, lots);

    private static LevelChange Ask(int ticks, long lots) => new(0, IsBid: false, ticks, lots);

    private static DepthMessage Snapshot(long sequence, params LevelChange[] levels) => new(7, 1, sequence, 0, Snapshot: true, levels);

    private static DepthMessage Change(long sequence, long previous, params LevelChange[] levels) =>
        new(7, 1, sequence, previous, Snapshot: false, levels);

    private static TradesMessage Trades(params int[] ids) => new(7, 1, 10, 0, [.. ids.Select(id => Samples.Trade(id))]);

    private static TradeStatesMessage States(params int[] ids) =>
        new(7, 1, 1, 0, [.. ids.Select(id => new TradeState(id, 7, TradeStates.Mined, null, "0xab", 9))]);
}
