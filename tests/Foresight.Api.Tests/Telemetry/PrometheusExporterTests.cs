using System.Diagnostics.Metrics;
using Foresight.ServiceDefaults.Telemetry;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Foresight.Api.Tests.Telemetry;

public sealed class PrometheusExporterTests : IDisposable
{
    private readonly ServiceProvider services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly Meter meter;
    private readonly PrometheusExporter exporter;

    public PrometheusExporterTests()
    {
        var meters = services.GetRequiredService<IMeterFactory>();
        exporter = new PrometheusExporter(meters, NullLogger<PrometheusExporter>.Instance);
        meter = meters.Create(MetricNames.Meter);
    }

    [Fact]
    public void Counter_IsSummedUpByLabels_AndEscaped()
    {
        var counter = meter.CreateCounter<long>("test_orders_total", description: "Orders.");
        counter.Add(1, new KeyValuePair<string, object?>("code", "a\"b\\c\nd"));
        counter.Add(2, new KeyValuePair<string, object?>("code", "a\"b\\c\nd"));
        Assert.Contains(
            "# HELP test_orders_total Orders.\n# TYPE test_orders_total counter\ntest_orders_total{code=\"a\\\"b\\\\c\\nd\"} 3\n",
            exporter.Scrape());
    }

    [Fact]
    public void Histogram_HasCumulativeBucketsSumAndCount()
    {
        var histogram = meter.CreateHistogram<double>(
            "test_wait", "s", advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.1, 1] });
        foreach (var seconds in new[] { 0.05, 0.1, 0.5, 3 }) histogram.Record(seconds);
        var text = exporter.Scrape();
        Assert.Contains(
            "# TYPE test_wait_seconds histogram\ntest_wait_seconds_bucket{le=\"0.1\"} 2\ntest_wait_seconds_bucket{le=\"1\"} 3\n"
            + "test_wait_seconds_bucket{le=\"+Inf\"} 4\ntest_wait_seconds_sum 3.65\ntest_wait_seconds_count 4\n", text);
    }

    [Fact]
    public void ObservedSeries_ThatIsNoLongerTold_IsGone()
    {
        var nodes = new List<string> { "a", "b" };
        meter.CreateObservableGauge("test_nodes", () => nodes.Select(node => new Measurement<int>(
            1, new KeyValuePair<string, object?>("node", node))));
        Assert.Contains("test_nodes{node=\"b\"} 1", exporter.Scrape());
        nodes.Remove("b");
        Assert.DoesNotContain("node=\"b\"", exporter.Scrape());
    }

    [Fact]
    public void TwoInstrumentsOfOneName_AreOneMetric()
    {
        meter.CreateCounter<long>("test_shared_total", description: "Here.").Add(1);
        meter.CreateCounter<long>("test_shared_total", description: "There.").Add(2);
        var text = exporter.Scrape();
        Assert.Contains("\ntest_shared_total 3\n", text);
        Assert.Equal(2, text.Split("# TYPE test_shared_total").Length);
    }

    [Fact]
    public void UpDownCounter_GoesBothWays()
    {
        var busy = meter.CreateUpDownCounter<int>("test_busy");
        busy.Add(3);
        busy.Add(-2);
        Assert.Contains("test_busy 1\n", exporter.Scrape());
    }

    [Fact]
    public void ALabelWithoutBound_IsFoldedIntoOneSeries_AndCounted()
    {
        var counter = meter.CreateCounter<long>("test_unbounded_total");
        for (var i = 0; i < 10_000; i++) counter.Add(1, new KeyValuePair<string, object?>("id", i));
        var lines = exporter.Scrape().Split('\n');
        Assert.Equal(201, lines.Count(line => line.StartsWith("test_unbounded_total{", StringComparison.Ordinal)));
        Assert.Contains("test_unbounded_total{overflow=\"true\"} 9800", lines);
        Assert.Contains("foresight_metrics_overflow_total{metric=\"test_unbounded_total\"} 9800", lines);
    }

    [Fact]
    public void AGaugeThatThrows_HidesNoOtherMetric()
    {
        meter.CreateObservableGauge("test_broken", int () => throw new InvalidOperationException());
        meter.CreateObservableGauge("test_whole", () => 7);
        Assert.Contains("test_whole 7\n", exporter.Scrape());
    }

    [Fact]
    public void MeasurementsFromManyThreads_AreAllCounted()
    {
        var counter = meter.CreateCounter<long>("test_parallel_total");
        Parallel.For(0, 8, thread =>
        {
            for (var i = 0; i < 10_000; i++) counter.Add(1, new KeyValuePair<string, object?>("thread", thread % 3));
        });
        var total = exporter.Scrape().Split('\n').Where(line => line.StartsWith("test_parallel_total{", StringComparison.Ordinal)).Sum(
            line => long.Parse(line.Split(' ')[1]));
        Assert.Equal(80_000, total);
    }

    public void Dispose()
    {
        exporter.Dispose();
        services.Dispose();
    }
}
