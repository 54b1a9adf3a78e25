using Foresight.Simulator.Load;

namespace Foresight.Simulator.Tests.Load;

public sealed class LatencyHistogramTests
{
    [Fact]
    public void Percentiles_AreWithinTheirBuckets()
    {
        var histogram = new LatencyHistogram();
        for (var i = 1; i <= 1000; i++)
            histogram.Record(TimeSpan.FromMilliseconds(i));
        Assert.InRange(histogram.Percentile(0.5).TotalMilliseconds, 500, 511);
        Assert.InRange(histogram.Percentile(0.99).TotalMilliseconds, 990, 1011);
        Assert.Equal(1000, histogram.Max.TotalMilliseconds);
    }

    [Fact]
    public void WithoutARecord_EverythingIsZero()
    {
        var histogram = new LatencyHistogram();
        Assert.Equal((TimeSpan.Zero, TimeSpan.Zero), (histogram.Percentile(0.5), histogram.Max));
    }

    [Fact]
    public void WhatIsOffTheScale_IsCountedAtItsEnds()
    {
        var histogram = new LatencyHistogram();
        histogram.Record(TimeSpan.Zero);
        Assert.InRange(histogram.Percentile(1).TotalMicroseconds, 10, 10.3);
        histogram.Record(TimeSpan.FromHours(1));
        Assert.InRange(histogram.Percentile(1).TotalSeconds, 280, 310);
        Assert.Equal(TimeSpan.FromHours(1), histogram.Max);
    }

    [Fact]
    public void RecordsFromManyThreads_AreAllCounted()
    {
        var histogram = new LatencyHistogram();
        Parallel.For(
            0,
            8,
            thread =>
            {
                for (var i = 0; i < 10_000; i++)
                    histogram.Record(TimeSpan.FromMilliseconds(thread < 4 ? 1 : 100));
            }
        );
        Assert.InRange(histogram.Percentile(0.5).TotalMilliseconds, 1, 1.03);
        Assert.InRange(histogram.Percentile(0.50002).TotalMilliseconds, 100, 103);
    }
}
