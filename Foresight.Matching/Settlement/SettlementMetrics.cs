using System.Diagnostics.Metrics;
using Foresight.ServiceDefaults.Telemetry;

namespace Foresight.Matching.Settlement;

/// <summary>Counts of what settlement did; none of the labels holds an id or an address.</summary>
public sealed class SettlementMetrics
{
    private readonly Counter<long> trades;
    private readonly Counter<long> batches;
    private readonly Histogram<double> blockSeconds;

    public SettlementMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(MetricNames.Meter);
        trades = meter.CreateCounter<long>(MetricNames.SettledTrades, description: "Trades that became final or failed.");
        batches = meter.CreateCounter<long>(MetricNames.SettlementBatches, description: "Transactions by what became of them.");
        blockSeconds = meter.CreateHistogram<double>(MetricNames.BlockProcessingDuration, "s", "Time from reading a block range to its acknowledgement by the leader.");
        meter.CreateObservableGauge(MetricNames.SettlementPending, () => Pending, description: "Trades that are neither final nor failed.");
        meter.CreateObservableGauge(MetricNames.ChainHead, () => Head, description: "Newest block that the node told of.");
    }

    public long Pending { get; set; }

    public long Head { get; set; }

    public void Changed(IReadOnlyCollection<TradeChange> changes)
    {
        foreach (var group in changes.Where(c => c.Settlement is TradeStates.Final or TradeStates.Failed).GroupBy(c => c.Settlement))
            trades.Add(group.Count(), new KeyValuePair<string, object?>("state", group.Key));
    }

    public void Batch(string state) => batches.Add(1, new KeyValuePair<string, object?>("state", state));

    public void BlocksProcessed(TimeSpan took) => blockSeconds.Record(took.TotalSeconds);
}
