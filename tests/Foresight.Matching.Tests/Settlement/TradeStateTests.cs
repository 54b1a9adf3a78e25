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
}
