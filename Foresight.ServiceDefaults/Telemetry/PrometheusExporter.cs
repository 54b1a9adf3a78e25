using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Text;
using Microsoft.Extensions.Logging;

namespace Foresight.ServiceDefaults.Telemetry;

/// <summary>
/// Listens to the process's meters and keeps what a scrape of <c>/metrics</c> shows. The Prometheus exporter of OpenTelemetry is not
/// released as stable; the text format is small enough to write.
/// </summary>
public sealed partial class PrometheusExporter : IDisposable
{
    /// <summary>Meters that are collected: ours, and those of the framework and the database driver that operators ask for.</summary>
    private static readonly string[] MeterPrefixes =
        ["Foresight", "Npgsql", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime"];

    /// <summary>The framework's own times of requests: the same as <see cref="MetricNames.ApiRequestDuration"/>, in as many series again.</summary>
    private const string RequestDuration = "http.server.request.duration";

    /// <summary>By name: two features that count the same thing make an instrument each, and they are one metric.</summary>
    private readonly ConcurrentDictionary<string, MetricFamily> families = new(StringComparer.Ordinal);
    private readonly MeterListener listener = new();
    private readonly Lock scraping = new();
    private readonly Counter<long> overflows;
    private readonly ILogger<PrometheusExporter> logger;

    public PrometheusExporter(IMeterFactory meters, ILogger<PrometheusExporter> logger)
    {
        this.logger = logger;
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (!MeterPrefixes.Any(prefix => instrument.Meter.Name.StartsWith(prefix, StringComparison.Ordinal))) return;
            if (instrument.Name == RequestDuration) return;
            var family = new MetricFamily(instrument);
            self.EnableMeasurementEvents(instrument, families.GetOrAdd(family.Name, family));
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, state) => Record(instrument, value, tags, state));
        listener.SetMeasurementEventCallback<int>((instrument, value, tags, state) => Record(instrument, value, tags, state));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, state) => Record(instrument, value, tags, state));
        listener.SetMeasurementEventCallback<float>((instrument, value, tags, state) => Record(instrument, value, tags, state));
        listener.SetMeasurementEventCallback<decimal>((instrument, value, tags, state) => Record(instrument, (double)value, tags, state));
        overflows = meters.Create(MetricNames.Meter)
            .CreateCounter<long>(MetricNames.SeriesOverflow, description: "Measurements folded into an overflow series.");
        listener.Start();
    }

    /// <summary>The whole exposition.</summary>
    public string Scrape()
    {
        lock (scraping)
        {
            foreach (var family in families.Values) family.ForgetObserved();
            try
            {
                listener.RecordObservableInstruments();
            }
            catch (AggregateException error)
            {
                // One gauge that cannot be read must not hide all the others.
                Log.GaugeThrew(logger, error);
            }

            var text = new StringBuilder(16 * 1024);
            foreach (var family in families.Values.OrderBy(family => family.Name, StringComparer.Ordinal))
                PrometheusText.Write(text, family);
            return text.ToString();
        }
    }

    public void Dispose() => listener.Dispose();

    private void Record(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags, object? state)
    {
        if (state is MetricFamily family && !family.Record(value, tags) && instrument != overflows)
            overflows.Add(1, new KeyValuePair<string, object?>("metric", family.Name));
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "A metric could not be read for a scrape.")]
        public static partial void GaugeThrew(ILogger logger, Exception error);
    }
}
