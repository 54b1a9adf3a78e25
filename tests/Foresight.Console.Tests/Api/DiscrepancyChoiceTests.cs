using Foresight.Console.Api;
using Foresight.Console.Reconciliation;

namespace Foresight.Console.Tests.Api;

public sealed class DiscrepancyChoiceTests
{
    [Fact]
    public void AnyFilter_IsAChoice()
    {
        Assert.True(new DiscrepancyChoice().IsAny);
        Assert.False(new DiscrepancyChoice(Age: "24h+").IsAny);
    }

    [Theory]
    [InlineData("2026-05-04", "2026-05-04", "2026-05-04T00:00:00Z", "2026-05-05T00:00:00Z")]
    [InlineData(null, "9999-12-31", null, "9999-12-31")]
    [InlineData("yesterday", null, "yesterday", null)]
    public void Days_AreWhole_AndWhatIsNoneIsLeftToTheApi(string? from, string? to, string? start, string? end)
    {
        var parameters = new DiscrepancyChoice(From: from, To: to).Parameters.ToDictionary(one => one.Name, one => one.Value);
        Assert.Equal((start, end), (parameters["from"], parameters["to"]));
    }

    [Fact]
    public void IgnoredForATime_EndsThen_AndForGoodNever()
    {
        var now = new DateTimeOffset(2026, 5, 4, 12, 0, 0, TimeSpan.Zero);
        Assert.Null(IgnoreTimes.End(null, now));
        Assert.Equal(
            [1, 24, 168, 720],
            IgnoreTimes.Options.Select(option => (int)(IgnoreTimes.End(option.Value, now)!.Value - now).TotalHours)
        );
    }

    [Fact]
    public void Evidence_IsShownWhateverItsForm()
    {
        Assert.Empty(EvidenceLines.Of(null));
        Assert.Equal([("text", "no json")], EvidenceLines.Of("no json"));
        Assert.Equal([("a.b[0].c", "1"), ("d", "true")], EvidenceLines.Of("""{"a":{"b":[{"c":"1"}]},"d":true,"e":null}"""));
    }
}
