using System.Collections.Concurrent;
using Foresight.Matching.Settlement;
using Foresight.Protocol;

namespace Foresight.Matching.Tests.Settlement;

[Collection(ChainCollection.Name)]
public sealed class TradeStateTests(ChainFixture fixture)
{
    [Fact]
    public async Task EachStep_IsToldOnce_InOrder_WithNumbersThatShowAGap()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        var heard = new ConcurrentQueue<TradeStatesMessage>();
        venue.Broadcast.Subscribe<TradeStatesMessage>(Channels.TradeStates, heard.Enqueue);
        var (alice, bob) = (await venue.AddTraderAsync(), await venue.AddTraderAsync());
        var trade = await venue.TradeAsync(alice, bob);
        await fixture.AutomineAsync(false);
        await venue.SettleAllAsync();
        await Eventually.TrueAsync("four steps are told", Eventually.Patience, () => heard.Count >= 4);

        Assert.Equal(["batched", "broadcast", "mined", "final"], heard.Select(m => Assert.Single(m.Trades).Settlement));
        Assert.All(heard, m => Assert.Equal((Venue.Market, venue.Term.Epoch, trade), (m.Market, m.Epoch, m.Trades[0].TradeId)));
        Assert.Equal([(1L, 0L), (2L, 1L), (3L, 2L), (4L, 3L)], heard.Select(m => (m.Sequence, m.Previous)));
        Assert.All(heard.Skip(2), m => Assert.NotNull(m.Trades[0].TransactionHash));
    }

    /// <summary>The last message before a silence has no successor that would show that it was lost.</summary>
    [Fact]
    public async Task ThePosition_IsRepeatedAfterAChange_ThenEveryFewSeconds_AndAtTheBeginningOfATerm()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        await venue.TradeAsync(await venue.AddTraderAsync(), await venue.AddTraderAsync());
        await venue.SettleAllAsync();
        var heard = new ConcurrentQueue<TradeStatesMessage>();
        venue.Broadcast.Subscribe<TradeStatesMessage>(Channels.TradeStates, heard.Enqueue);
        for (var second = 1; second <= 10; second++)
            venue.Publisher.RepeatPositions(venue.Term, []);
        // Three after the change, and those of the 5th and 10th second.
        await Eventually.TrueAsync("the positions are repeated", Eventually.Patience, () => heard.Count >= 5);
        Assert.Equal(5, heard.Count);
        Assert.All(heard, m => Assert.Equal((Venue.Market, venue.Term.Epoch, 4L, 4L, 0), PositionOf(m)));

        var next = venue.Term with { Epoch = venue.Term.Epoch + 1 };
        venue.Publisher.RepeatPositions(next, [Venue.Market, 9]);
        await Eventually.TrueAsync("the term begins with positions", Eventually.Patience, () => heard.Count >= 7);
        Assert.Equal([(Venue.Market, next.Epoch, 1L, 1L, 0), (9, next.Epoch, 2L, 2L, 0)], heard.Skip(5).Select(PositionOf));
    }

    private static (int, long, long, long, int) PositionOf(TradeStatesMessage m) =>
        (m.Market, m.Epoch, m.Sequence, m.Previous, m.Trades.Count);
}
