using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Foresight.ServiceDefaults.Telemetry;

namespace Foresight.Testing;

public sealed class CountedHints : IMeterFactory
{
    private readonly MeterListener _listener = new();
    private readonly ConcurrentDictionary<(string Kind, string Reason), long> _counts = new();
    private readonly List<Meter> _meters = [];

    public CountedHints()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name == MetricNames.HintsDropped && _meters.Contains(instrument.Meter))
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>(
            (_, count, tags, _) =>
            {
                var named = tags.ToArray().ToDictionary(tag => tag.Key, tag => (string)tag.Value!);
                _counts.AddOrUpdate((named["kind"], named["reason"]), count, (_, before) => before + count);
            }
        );
        _listener.Start();
    }

    public long this[string kind, string reason] => _counts.GetValueOrDefault((kind, reason));

    public Meter Create(MeterOptions options)
    {
        var meter = new Meter(options);
        _meters.Add(meter);
        return meter;
    }

    public void Dispose()
    {
        _listener.Dispose();
        foreach (var meter in _meters)
            meter.Dispose();
    }
}
