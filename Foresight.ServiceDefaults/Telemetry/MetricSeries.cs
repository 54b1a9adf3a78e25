using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;

namespace Foresight.ServiceDefaults.Telemetry;

internal enum MetricType { Counter, Gauge, Histogram }

/// <summary>What a measurement does to its series.</summary>
internal enum MetricUpdate { Add, Set, Observe }

/// <summary>One combination of labels and what was measured under it.</summary>
internal sealed class MetricSeries(KeyValuePair<string, string>[] labels, double[] bounds)
{
    private readonly Lock gate = new();
    private readonly long[] buckets = new long[bounds.Length + 1];
    private double value;
    private long count;

    public KeyValuePair<string, string>[] Labels => labels;

    /// <summary>The next series whose labels have the same hash.</summary>
    public MetricSeries? Next { get; init; }

    public void Set(double to)
    {
        lock (gate) value = to;
    }

    public void Add(double delta)
    {
        lock (gate) value += delta;
    }

    public void Observe(double measurement)
    {
        var bucket = 0;
        while (bucket < bounds.Length && measurement > bounds[bucket]) bucket++;
        lock (gate)
        {
            buckets[bucket]++;
            count++;
            value += measurement;
        }
    }

    public (double Value, long Count, long[] Buckets) Read()
    {
        lock (gate) return (value, count, [.. buckets]);
    }

    public bool Matches(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (tags.Length != labels.Length) return false;
        for (var i = 0; i < tags.Length; i++)
        {
            if (labels[i].Key != tags[i].Key || labels[i].Value != TextOf(tags[i].Value)) return false;
        }

        return true;
    }

    public static string TextOf(object? value) => value switch
    {
        null => "",
        string text => text,
        bool flag => flag ? "true" : "false",
        IFormattable formattable => formattable.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    };
}

/// <summary>All series of one instrument.</summary>
internal sealed class MetricFamily
{
    /// <summary>
    /// More combinations of labels than this are counted in one series labelled overflow: a label that turns out to have no bound must
    /// not take the process's memory or the scraper's (acceptance F1: under 2,000 series a node).
    /// </summary>
    public const int MaxSeries = 200;

    private static readonly double[] Seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
    private static readonly double[] Milliseconds = [0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000];
    private static readonly double[] Sizes = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000];

    private readonly ConcurrentDictionary<int, MetricSeries> byHash = new();
    private readonly MetricSeries overflow;
    private readonly MetricUpdate update;
    private int count;

    public MetricFamily(Instrument instrument)
    {
        Type = TypeOf(instrument);
        IsObservable = instrument.IsObservable;
        var isGauge = instrument.GetType() is { IsGenericType: true } type && type.GetGenericTypeDefinition() == typeof(Gauge<>);
        update = Type == MetricType.Histogram ? MetricUpdate.Observe : IsObservable || isGauge ? MetricUpdate.Set : MetricUpdate.Add;
        Name = PrometheusText.NameOf(instrument.Name, instrument.Unit, Type);
        Help = instrument.Description ?? instrument.Name;
        Bounds = Type == MetricType.Histogram ? BoundsOf(instrument) : [];
        overflow = new MetricSeries([new("overflow", "true")], Bounds);
    }

    public MetricType Type { get; }
    public bool IsObservable { get; }
    public string Name { get; }
    public string Help { get; }
    public double[] Bounds { get; }
    public bool HasOverflowed { get; private set; }

    /// <summary>Returns false if the measurement went into the overflow series.</summary>
    public bool Record(double measurement, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var series = Find(tags);
        if (update == MetricUpdate.Observe) series.Observe(measurement);
        else if (update == MetricUpdate.Set) series.Set(measurement);
        else series.Add(measurement);
        return series != overflow;
    }

    /// <summary>An observable instrument tells all its series at each scrape; one that it no longer tells is gone.</summary>
    public void ForgetObserved()
    {
        if (!IsObservable) return;
        byHash.Clear();
        Interlocked.Exchange(ref count, 0);
        HasOverflowed = false;
    }

    public IEnumerable<MetricSeries> All()
    {
        foreach (var first in byHash.Values)
        {
            for (var series = first; series is not null; series = series.Next) yield return series;
        }

        if (HasOverflowed) yield return overflow;
    }

    private MetricSeries Find(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var hash = new HashCode();
        foreach (var tag in tags) hash.Add(MetricSeries.TextOf(tag.Value), StringComparer.Ordinal);
        var key = hash.ToHashCode();

        while (true)
        {
            byHash.TryGetValue(key, out var first);
            for (var series = first; series is not null; series = series.Next)
            {
                if (series.Matches(tags)) return series;
            }

            if (Volatile.Read(ref count) >= MaxSeries)
            {
                HasOverflowed = true;
                return overflow;
            }

            var labels = new KeyValuePair<string, string>[tags.Length];
            for (var i = 0; i < tags.Length; i++) labels[i] = new(tags[i].Key, MetricSeries.TextOf(tags[i].Value));
            var added = new MetricSeries(labels, Bounds) { Next = first };
            if (first is null ? byHash.TryAdd(key, added) : byHash.TryUpdate(key, added, first))
            {
                Interlocked.Increment(ref count);
                return added;
            }
        }
    }

    private static MetricType TypeOf(Instrument instrument)
    {
        var type = instrument.GetType();
        var kind = type.IsGenericType ? type.GetGenericTypeDefinition() : type;
        if (kind == typeof(Histogram<>)) return MetricType.Histogram;
        if (kind == typeof(Counter<>) || kind == typeof(ObservableCounter<>)) return MetricType.Counter;
        return MetricType.Gauge;
    }

    private static double[] BoundsOf(Instrument instrument)
    {
        var advised = instrument switch
        {
            Histogram<double> { Advice.HistogramBucketBoundaries: { } bounds } => [.. bounds],
            Histogram<long> { Advice.HistogramBucketBoundaries: { } bounds } => bounds.Select(bound => (double)bound).ToArray(),
            Histogram<int> { Advice.HistogramBucketBoundaries: { } bounds } => bounds.Select(bound => (double)bound).ToArray(),
            _ => null,
        };
        return advised ?? (instrument.Unit == "s" || instrument.Name.EndsWith("_seconds", StringComparison.Ordinal) ? Seconds
            : instrument.Unit == "ms" || instrument.Name.EndsWith("_ms", StringComparison.Ordinal) ? Milliseconds
            : Sizes);
    }
}
