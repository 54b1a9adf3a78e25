using Foresight.Console.MarketData;
using Foresight.Protocol;

namespace Foresight.Console.Tests.MarketData;

public sealed class OrderBookTests
{
    private readonly OrderBook _book = new();

    [Fact]
    public void Snapshot_ReplacesWhatWasKnown()
    {
        _book.Apply(Snapshot(1, 10, Bid(5000, 100), Bid(4900, 50)));
        Assert.Equal(BookStep.Applied, _book.Apply(Snapshot(1, 20, Bid(4800, 7))));
        Assert.Equal([(4800, 7L, 0L)], _book.Levels(0, isBid: true, 10));
    }

    [Fact]
    public void Change_SetsAndRemovesLevels_BestFirstOnBothSides()
    {
        _book.Apply(Snapshot(1, 10, Bid(5000, 100), Ask(5200, 30)));
        Assert.Equal(BookStep.Applied, _book.Apply(Change(1, 12, previous: 10, Bid(5000, 0), Bid(4900, 5), Bid(4950, 6), Ask(5100, 9))));
        Assert.Equal([(4950, 6L, 0L), (4900, 5L, 0L)], _book.Levels(0, isBid: true, 10));
        Assert.Equal([(5100, 9L, 0L)], _book.Levels(0, isBid: false, 1));
    }

    [Fact]
    public void ChangeAfterAMissingOne_IsAGap_AndNothingButASnapshotHelps()
    {
        _book.Apply(Snapshot(1, 10, Bid(5000, 100)));
        Assert.Equal(BookStep.Gap, _book.Apply(Change(1, 15, previous: 12, Bid(5000, 1))));
        Assert.False(_book.IsWhole);
        Assert.Equal(BookStep.Gap, _book.Apply(Change(1, 16, previous: 15, Bid(5000, 2))));
        Assert.Equal(BookStep.Applied, _book.Apply(Snapshot(1, 16, Bid(5000, 2))));
        Assert.True(_book.IsWhole);
    }

    [Fact]
    public void MessageOfAFormerLeader_IsDropped()
    {
        _book.Apply(Snapshot(2, 10, Bid(5000, 100)));
        Assert.Equal(BookStep.Old, _book.Apply(Change(1, 99, previous: 10, Bid(5000, 1))));
        Assert.Equal(BookStep.Old, _book.Apply(Snapshot(1, 99)));
        Assert.Equal([(5000, 100L, 0L)], _book.Levels(0, isBid: true, 10));
    }

    [Fact]
    public void MessageThatComesTwice_ChangesNothing()
    {
        _book.Apply(Snapshot(1, 10, Bid(5000, 100)));
        _book.Apply(Change(1, 12, previous: 10, Bid(5000, 90)));
        Assert.Equal(BookStep.Old, _book.Apply(Change(1, 12, previous: 10, Bid(5000, 1))));
        Assert.Equal([(5000, 90L, 0L)], _book.Levels(0, isBid: true, 10));
    }

    [Fact]
    public void ChangeOfANewEpoch_NeedsTheOneBeforeIt()
    {
        _book.Apply(Snapshot(1, 10, Bid(5000, 100)));
        Assert.Equal(BookStep.Applied, _book.Apply(Change(2, 14, previous: 10, Bid(5000, 90))));
        Assert.Equal(BookStep.Gap, _book.Apply(Change(3, 20, previous: 0, Bid(5000, 80))));
    }

    private static LevelChange Bid(int ticks, long lots) => new(0, IsBid: true, ticks, lots);

    private static LevelChange Ask(int ticks, long lots) => new(0, IsBid: false, ticks, lots);

    private static DepthMessage Snapshot(long epoch, long sequence, params LevelChange[] levels) =>
        new(1, epoch, sequence, 0, Snapshot: true, levels);

    private static DepthMessage Change(long epoch, long sequence, long previous, params LevelChange[] levels) =>
        new(1, epoch, sequence, previous, Snapshot: false, levels);
}
