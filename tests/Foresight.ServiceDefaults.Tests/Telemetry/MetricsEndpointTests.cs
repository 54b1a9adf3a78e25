using System.Diagnostics.Metrics;
using System.Reflection;
using Foresight.ServiceDefaults.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry.Exporter;

namespace Foresight.ServiceDefaults.Tests.Telemetry;

[Trait("Category", "Parts")]
public sealed class MetricsEndpointTests : IAsyncLifetime
{
    private WebApplication _app = null!;
    private HttpClient _http = null!;
    private Meter _meter = null!;

    public async Task InitializeAsync()
    {
        var builder = WebApplication.CreateBuilder();
        builder.Configuration.AddInMemoryCollection([new("NODE_ID", "node-of-this-test"), new("OTEL_EXPORTER_OTLP_ENDPOINT", null)]);
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.AddServiceDefaults();
        builder.Logging.ClearProviders();
        builder.Services.Configure<PrometheusAspNetCoreOptions>(prometheus => prometheus.ScrapeResponseCacheDurationMilliseconds = 0);
        _app = builder.Build();
        _app.MapDefaultEndpoints();
        await _app.StartAsync();
        _http = new HttpClient { BaseAddress = new Uri(_app.Urls.Single()) };
        _meter = _app.Services.GetRequiredService<IMeterFactory>().Create(MetricNames.Meter);
    }

    public async Task DisposeAsync()
    {
        _http.Dispose();
        await _app.DisposeAsync();
    }

    [Fact]
    public async Task EveryNameOfTheProduct_ComesOutAsItIsDocumented()
    {
        var names = typeof(MetricNames)
            .GetFields(BindingFlags.Public | BindingFlags.Static)
            .Where(field => field.Name != nameof(MetricNames.Meter))
            .Select(field => (string)field.GetRawConstantValue()!)
            .ToList();
        foreach (var name in names)
        {
            // A gauge, although its name ends like a counter's.
            if (name == MetricNames.ClusterNodes)
                _meter.CreateObservableGauge(name, () => 1);
            else if (name.EndsWith("_total", StringComparison.Ordinal))
                _meter.CreateCounter<long>(name).Add(1);
            else if (name.EndsWith("_seconds", StringComparison.Ordinal))
                _meter.CreateHistogram<double>(name, "s").Record(1);
            else if (name.EndsWith("_ms", StringComparison.Ordinal))
                _meter.CreateHistogram<double>(name, "ms").Record(1);
            else
                _meter.CreateObservableGauge(name, () => 1, name.EndsWith("_bytes", StringComparison.Ordinal) ? "By" : null);
        }

        var lines = (await ScrapeAsync()).Split('\n');
        Assert.All(names, name => Assert.Contains(lines, line => line.StartsWith($"# TYPE {name} ", StringComparison.Ordinal)));
        Assert.Contains($"# TYPE {MetricNames.ClusterNodes} gauge", lines);
        Assert.Contains($"# TYPE {MetricNames.Trades} counter", lines);
    }

    [Fact]
    public async Task Counter_IsSummedUpByLabels_AndEscaped()
    {
        var counter = _meter.CreateCounter<long>("test_orders_total", description: "Orders.");
        counter.Add(1, new KeyValuePair<string, object?>("code", "a\"b\\c\nd"));
        counter.Add(2, new KeyValuePair<string, object?>("code", "a\"b\\c\nd"));
        Assert.Contains(
            "# TYPE test_orders_total counter\n# HELP test_orders_total Orders.\ntest_orders_total{code=\"a\\\"b\\\\c\\nd\"} 3\n",
            await ScrapeAsync()
        );
    }

    [Fact]
    public async Task Histogram_HasCumulativeBucketsSumAndCount()
    {
        var histogram = _meter.CreateHistogram<double>(
            "test_wait_seconds",
            "s",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.1, 1] }
        );
        foreach (var seconds in new[] { 0.05, 0.1, 0.5, 3 })
            histogram.Record(seconds);
        Assert.Contains(
            "# TYPE test_wait_seconds histogram\ntest_wait_seconds_bucket{le=\"0.1\"} 2\ntest_wait_seconds_bucket{le=\"1\"} 3\n"
                + "test_wait_seconds_bucket{le=\"+Inf\"} 4\ntest_wait_seconds_sum{} 3.65\ntest_wait_seconds_count{} 4\n",
            await ScrapeAsync()
        );
    }

    [Theory]
    [InlineData("s", "le=\"0.0025\"", "le=\"30\"")]
    [InlineData("ms", "le=\"0.5\"", "le=\"10000\"")]
    [InlineData(null, "le=\"2\"", "le=\"5000\"")]
    public async Task AHistogramWithoutAdvice_HasTheBucketsOfItsUnit(string? unit, string first, string last)
    {
        _meter.CreateHistogram<double>("test_span", unit).Record(1);
        var text = await ScrapeAsync();
        Assert.Contains($"test_span_bucket{{{first}}}", text);
        Assert.Contains($"test_span_bucket{{{last}}}", text);
    }

    [Fact]
    public async Task ObservedSeries_ThatIsNoLongerTold_IsGone()
    {
        var nodes = new List<string> { "a", "b" };
        _meter.CreateObservableGauge(
            "test_nodes",
            () => nodes.Select(node => new Measurement<int>(1, new KeyValuePair<string, object?>("node", node)))
        );
        Assert.Contains("test_nodes{node=\"b\"} 1", await ScrapeAsync());
        nodes.Remove("b");
        Assert.DoesNotContain("node=\"b\"", await ScrapeAsync());
    }

    [Fact]
    public async Task TwoInstrumentsOfOneName_AreOneMetric()
    {
        _meter.CreateCounter<long>("test_shared_total", description: "Shared.").Add(1);
        _meter.CreateCounter<long>("test_shared_total", description: "Shared.").Add(2);
        var text = await ScrapeAsync();
        Assert.Contains("\ntest_shared_total{} 3\n", text);
        Assert.Equal(2, text.Split("# TYPE test_shared_total").Length);
    }

    [Fact]
    public async Task UpDownCounter_GoesBothWays()
    {
        var busy = _meter.CreateUpDownCounter<int>("test_busy");
        busy.Add(3);
        busy.Add(-2);
        Assert.Contains("\ntest_busy{} 1\n", await ScrapeAsync());
    }

    [Fact]
    public async Task ALabelWithoutBound_IsFoldedIntoOneSeries_AndCounted()
    {
        var counter = _meter.CreateCounter<long>("test_unbounded_total");
        for (var i = 0; i < 10_000; i++)
            counter.Add(1, new KeyValuePair<string, object?>("id", i));
        var lines = (await ScrapeAsync()).Split('\n');
        Assert.Equal(201, lines.Count(line => line.StartsWith("test_unbounded_total{", StringComparison.Ordinal)));
        Assert.Contains("test_unbounded_total{otel_metric_overflow=\"true\"} 9800", lines);
    }

    [Fact]
    public async Task AGaugeThatThrows_HidesNoOtherMetric()
    {
        _meter.CreateObservableGauge("test_broken", int () => throw new InvalidOperationException());
        _meter.CreateObservableGauge("test_whole", () => 7);
        Assert.Contains("\ntest_whole{} 7\n", await ScrapeAsync());
    }

    [Fact]
    public async Task MeasurementsFromManyThreads_AreAllCounted()
    {
        var counter = _meter.CreateCounter<long>("test_parallel_total");
        Parallel.For(
            0,
            8,
            thread =>
            {
                for (var i = 0; i < 10_000; i++)
                    counter.Add(1, new KeyValuePair<string, object?>("thread", thread % 3));
            }
        );
        var total = (await ScrapeAsync())
            .Split('\n')
            .Where(line => line.StartsWith("test_parallel_total{", StringComparison.Ordinal))
            .Sum(line => long.Parse(line.Split(' ')[1]));
        Assert.Equal(80_000, total);
    }

    [Fact]
    public async Task TheFrameworksMetrics_AreThere_WithoutAddressesIdsOrRequestTimes()
    {
        await _http.GetStringAsync("alive");
        var text = await ScrapeAsync();
        Assert.Contains("\nkestrel_active_connections{", text);
        Assert.Contains("\ndotnet_gc_collections", text);
        Assert.DoesNotContain("http_server_request_duration", text);
        // The driver reports the pools of the process, so those without a name, which tests beside this one open, are left out.
        var lines = text.Split('\n').Where(line => !line.Contains("pool_name=", StringComparison.Ordinal));
        Assert.All(lines, line => Assert.DoesNotContain("127.0.0.1", line));
        Assert.DoesNotContain("node-of-this-test", text);
    }

    /// <summary>Prometheus asks so, but in the OpenMetrics format each counter would have a second series.</summary>
    [Fact]
    public async Task AScraperThatPrefersOpenMetrics_GetsTheSameText()
    {
        _meter.CreateCounter<long>("test_orders_total").Add(1);
        using var request = new HttpRequestMessage(HttpMethod.Get, "metrics");
        request.Headers.Accept.ParseAdd("application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5");
        using var response = await _http.SendAsync(request);
        Assert.Equal("text/plain", response.Content.Headers.ContentType!.MediaType);
        Assert.DoesNotContain("_created", await response.Content.ReadAsStringAsync());
    }

    private Task<string> ScrapeAsync() => _http.GetStringAsync("metrics");
}
