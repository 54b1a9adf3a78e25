using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Telemetry;

namespace Foresight.Matching.Orders;

public sealed class MatchingMetrics
{
    private readonly Counter<long> _commands;
    private readonly Counter<long> _trades;
    private readonly Counter<long> _inDoubt;
    private readonly Counter<long> _failed;
    private readonly Counter<long> _published;
    private readonly Histogram<double> _commitDuration;
    private readonly Histogram<long> _batchSize;
    private readonly ConcurrentDictionary<int, long> _sequences = new() { [0] = 0 };
    private readonly ConcurrentDictionary<int, CommandQueue?> _queues = new() { [0] = null };

    public MatchingMetrics(IMeterFactory meters, TimeProvider clock)
    {
        Rates = new ThroughputMeter(clock);
        Latency = new CommitLatencyMeter(clock);
        var meter = meters.Create(MetricNames.Meter);
        _commands = meter.CreateCounter<long>(MetricNames.Commands, description: "Commands answered by the pipeline.");
        _trades = meter.CreateCounter<long>(MetricNames.Trades, description: "Trades committed.");
        _inDoubt = meter.CreateCounter<long>(MetricNames.InDoubtCommits, description: "Commits whose outcome was unknown.");
        _failed = meter.CreateCounter<long>(MetricNames.FailedCommands, description: "Commands that made the engine throw.");
        _published = meter.CreateCounter<long>(MetricNames.PubSubMessages, description: "Messages of market data.");
        _commitDuration = meter.CreateHistogram<double>(MetricNames.CommitDuration, "s", "Time of one commit.");
        _batchSize = meter.CreateHistogram<long>(MetricNames.BatchSize, description: "Commands in one commit.");
        meter.CreateObservableGauge(
            MetricNames.JournalSequence,
            () => _sequences.Select(shard => new Measurement<long>(shard.Value, Shard(shard.Key))),
            description: "Last sequence of each shard committed by this node."
        );
        meter.CreateObservableGauge(
            MetricNames.PipelineQueue,
            () => _queues.Select(shard => new Measurement<int>(shard.Value?.Waiting ?? 0, Shard(shard.Key))),
            description: "Commands waiting to be sequenced."
        );
    }

    public ThroughputMeter Rates { get; }

    public CommitLatencyMeter Latency { get; }

    internal void Watch(int shard, CommandQueue queue)
    {
        _queues[shard] = queue;
        // Created with a first value of 0: a counter that first appears together with its first event hides that event from rate().
        _inDoubt.Add(0);
    }

    internal void Committed(int shard, long sequence, TimeSpan duration, int commands, int orders, int trades)
    {
        _sequences[shard] = sequence;
        _commitDuration.Record(duration.TotalSeconds, Shard(shard));
        _batchSize.Record(commands);
        _trades.Add(trades);
        Rates.Add(orders, trades);
        Latency.Add(duration);
    }

    internal void Answered(string kind, ResultStatus status) =>
        _commands.Add(1, new KeyValuePair<string, object?>("kind", kind), new KeyValuePair<string, object?>("result", status.ToString()));

    internal void CommitInDoubt() => _inDoubt.Add(1);

    internal void CommandFailed() => _failed.Add(1);

    internal void Published(string channel) =>
        _published.Add(
            1,
            new KeyValuePair<string, object?>("channel", channel),
            new KeyValuePair<string, object?>("direction", "published")
        );

    private static KeyValuePair<string, object?> Shard(int shard) => new("shard", shard);
}

/// <summary>Averaged over the last 10 whole seconds: the one under way would make the rates look too low.</summary>
public sealed class ThroughputMeter(TimeProvider clock)
{
    private const int Window = 10;

    private readonly Lock _gate = new();
    private readonly (long Second, long Orders, long Trades)[] _seconds = new (long, long, long)[Window + 1];

    public void Add(int orders, int trades)
    {
        var second = Now();
        lock (_gate)
        {
            ref var slot = ref _seconds[second % _seconds.Length];
            if (slot.Second != second)
                slot = (second, 0, 0);
            slot.Orders += orders;
            slot.Trades += trades;
        }
    }

    public (double Orders, double Trades) PerSecond()
    {
        var now = Now();
        lock (_gate)
        {
            var recent = _seconds.Where(slot => slot.Second < now && slot.Second >= now - Window).ToList();
            return ((double)recent.Sum(slot => slot.Orders) / Window, (double)recent.Sum(slot => slot.Trades) / Window);
        }
    }

    private long Now() => (long)clock.GetElapsedTime(0).TotalSeconds;
}
