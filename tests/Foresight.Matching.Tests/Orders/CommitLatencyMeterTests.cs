using Foresight.Matching.Orders;
using Microsoft.Extensions.Time.Testing;

namespace Foresight.Matching.Tests.Orders;

public sealed class CommitLatencyMeterTests
{
    private readonly FakeTimeProvider _clock = new();

    [Fact]
    public void WithoutACommit_ThereIsNoPercentile() => Assert.Equal((null, null), new CommitLatencyMeter(_clock).Percentiles());

    [Fact]
    public void Percentiles_AreAtMostAnEighthOfADoublingTooHigh()
    {
        var meter = new CommitLatencyMeter(_clock);
        for (var i = 1; i <= 1_000; i++)
            meter.Add(TimeSpan.FromMicroseconds(10 * i));
        var (half, most) = meter.Percentiles();
        Assert.InRange(half!.Value.TotalMilliseconds, 5.0, 5.0 * 1.0906);
        Assert.InRange(most!.Value.TotalMilliseconds, 9.9, 9.9 * 1.0906);
    }

    [Fact]
    public void ACommit_CountsForTenSeconds()
    {
        var meter = new CommitLatencyMeter(_clock);
        meter.Add(TimeSpan.FromSeconds(1));
        _clock.Advance(TimeSpan.FromSeconds(9));
        meter.Add(TimeSpan.FromMilliseconds(1));
        Assert.True(meter.Percentiles().NinetyNine > TimeSpan.FromSeconds(1));
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.InRange(meter.Percentiles().NinetyNine!.Value.TotalMilliseconds, 1, 1.1);
        _clock.Advance(TimeSpan.FromSeconds(9));
        Assert.Equal((null, null), meter.Percentiles());
    }

    [Fact]
    public void TheShortestAndTheLongestCommit_AreCountedToo()
    {
        var meter = new CommitLatencyMeter(_clock);
        meter.Add(TimeSpan.Zero);
        meter.Add(TimeSpan.FromHours(1));
        var (half, most) = meter.Percentiles();
        Assert.True(half < TimeSpan.FromMicroseconds(2));
        Assert.True(most > TimeSpan.FromSeconds(16));
    }
}
