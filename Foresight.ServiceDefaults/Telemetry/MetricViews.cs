using System.Diagnostics.Metrics;
using OpenTelemetry.Metrics;

namespace Foresight.ServiceDefaults.Telemetry;

internal static class MetricViews
{
    /// <summary>
    /// A label that proves unbounded must not exhaust the memory of the process or the scraper (a node stays under 2,000 series), so
    /// further label combinations of a metric are counted in one series with the label <c>otel_metric_overflow</c>.
    /// </summary>
    public const int MaxSeries = 200;

    public static readonly string[] Meters =
    [
        MetricNames.Meter,
        "Npgsql",
        "Microsoft.AspNetCore.Hosting",
        "Microsoft.AspNetCore.Server.Kestrel",
        "System.Net.Http",
        "System.Runtime",
    ];

    private static readonly double[] Seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
    private static readonly double[] Milliseconds = [0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000];
    private static readonly double[] Sizes = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000];

    public static MetricStreamConfiguration Of(Instrument instrument)
    {
        // Dropped, because it duplicates MetricNames.ApiRequestDuration with as many series.
        if (instrument.Name == "http.server.request.duration")
            return MetricStreamConfiguration.Drop;
        var labels = LabelsOf(instrument.Meter.Name);
        return instrument is Histogram<double> or Histogram<long> or Histogram<int>
            ? new ExplicitBucketHistogramConfiguration
            {
                Boundaries = BoundsOf(instrument),
                CardinalityLimit = MaxSeries,
                TagKeys = labels,
                RecordMinMax = false,
            }
            : new MetricStreamConfiguration { CardinalityLimit = MaxSeries, TagKeys = labels };
    }

    /// <summary>
    /// These meters also label addresses, which no label may contain here, so only some of their labels are kept; null: all.
    /// </summary>
    private static string[]? LabelsOf(string meter) =>
        meter switch
        {
            "Npgsql" => ["db.client.connection.pool.name", "db.client.connection.state", "db.operation.name", "db.response.status_code"],
            "Microsoft.AspNetCore.Server.Kestrel" =>
            [
                "network.protocol.name",
                "network.protocol.version",
                "network.transport",
                "tls.protocol.version",
                "error.type",
            ],
            "System.Net.Http" => ["http.request.method", "http.response.status_code", "http.connection.state", "error.type"],
            _ => null,
        };

    private static double[] BoundsOf(Instrument instrument)
    {
        var advised = instrument switch
        {
            Histogram<double> { Advice.HistogramBucketBoundaries: { } bounds } => [.. bounds],
            Histogram<long> { Advice.HistogramBucketBoundaries: { } bounds } => bounds.Select(bound => (double)bound).ToArray(),
            Histogram<int> { Advice.HistogramBucketBoundaries: { } bounds } => bounds.Select(bound => (double)bound).ToArray(),
            _ => null,
        };
        return advised
            ?? instrument.Unit switch
            {
                "s" => Seconds,
                "ms" => Milliseconds,
                _ => Sizes,
            };
    }
}
