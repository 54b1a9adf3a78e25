using Foresight.Api.MarketData;
using Foresight.Protocol;

namespace Foresight.Api.Tests.MarketData;

public sealed class TradeStreamTests
{
    private readonly TradeStream _stream = new();

    public TradeStreamTests() => _stream.Begin(10);

    [Fact]
    public void TradesThatFollow_GoOutAsTheyCome()
    {
        Assert.Equal([12L], Sequences(_stream.Take(Message(12, 4), out _, out var gap)));
        Assert.Null(gap);
        Assert.Equal([13L], Sequences(_stream.Take(Message(13, 12), out _, out _)));
    }

    [Fact]
    public void ATradeTwice_GoesOutOnce()
    {
        _stream.Take(Message(12, 4), out _, out _);
        Assert.Empty(_stream.Take(Message(12, 4), out _, out _));
    }

    [Fact]
    public void AMissingTrade_IsFilledIn_BeforeWhatCameAfterIt()
    {
        _stream.Take(Message(12, 4), out _, out _);
        Assert.Empty(_stream.Take(Message(15, 14), out _, out var gap));
        Assert.Equal((12L, 14L), gap);
        Assert.Empty(_stream.Take(Message(16, 15), out _, out var again));
        Assert.Null(again);
        Assert.Equal([14L, 15L, 16L], Sequences(_stream.EndFill(1, [Trade(14)])));
    }

    [Fact]
    public void AGapThatCannotBeRead_DoesNotHoldUpTheRest()
    {
        _stream.Take(Message(15, 14), out _, out _);
        Assert.Equal([15L], Sequences(_stream.EndFill(1, missing: null)));
        Assert.Equal([16L], Sequences(_stream.Take(Message(16, 15), out _, out _)));
    }

    [Fact]
    public void AnOlderEpoch_IsDropped()
    {
        _stream.Take(Message(12, 4) with { Epoch = 3 }, out _, out _);
        Assert.Empty(_stream.Take(Message(14, 12) with { Epoch = 2 }, out var isStale, out _));
        Assert.True(isStale);
    }

    private static IEnumerable<long> Sequences(IEnumerable<TradesMessage> messages) => messages.Select(message => message.Sequence);

    private static TradesMessage Message(long sequence, long previous) => new(1, 1, sequence, previous, [Trade(sequence)]);

    private static TradeView Trade(long sequence) =>
        new(sequence, 1, "direct", 0, "buy", "0.5", "1", DateTimeOffset.UnixEpoch, "matched", null, null, null, 1, sequence);
}
