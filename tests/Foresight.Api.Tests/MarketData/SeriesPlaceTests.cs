using Foresight.Api.MarketData;

namespace Foresight.Api.Tests.MarketData;

public sealed class SeriesPlaceTests
{
    private static readonly SeriesPlace Known = new(Epoch: 5, Sequence: 10);

    [Theory]
    [InlineData(5, 11, 10, false, "InOrder")]
    // Its predecessor was of another market.
    [InlineData(5, 14, 7, false, "InOrder")]
    [InlineData(5, 12, 11, false, "AfterGap")]
    [InlineData(5, 10, 10, true, "Known")]
    [InlineData(5, 10, 9, false, "Stale")]
    [InlineData(5, 12, 12, true, "AfterGap")]
    [InlineData(4, 11, 10, false, "Stale")]
    [InlineData(6, 1, 0, false, "AfterGap")]
    // The number that is known was false.
    [InlineData(5, 9, 8, false, "AfterGap")]
    public void AMessageArrives(long epoch, long sequence, long previous, bool isEmpty, string arrival) =>
        Assert.Equal(arrival, Known.ArrivalOf(new(epoch, sequence), previous, isEmpty).ToString());

    [Fact]
    public void TheFirstOne_RevealsNoGap() => Assert.Equal(Arrival.InOrder, default(SeriesPlace).ArrivalOf(new(5, 10), 9, isEmpty: false));
}
