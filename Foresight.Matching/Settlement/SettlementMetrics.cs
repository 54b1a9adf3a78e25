using System.Diagnostics.Metrics;
using System.Numerics;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Telemetry;

namespace Foresight.Matching.Settlement;

/// <summary>No label contains an id or an address, so the number of series stays small.</summary>
public sealed class SettlementMetrics
{
    private readonly Counter<long> _trades;
    private readonly Counter<long> _batches;
    private readonly Counter<long> _bust;
    private readonly Counter<long> _headReductions;
    private readonly Counter<long> _unproposedMarkets;
    private readonly Counter<long> _firmHeld;
    private readonly Histogram<double> _blockSeconds;

    public SettlementMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(MetricNames.Meter);
        _trades = meter.CreateCounter<long>(MetricNames.SettledTrades, description: "Trades that became final or failed.");
        _batches = meter.CreateCounter<long>(MetricNames.SettlementBatches, description: "Transactions by what became of them.");
        _bust = meter.CreateCounter<long>(MetricNames.BustTrades, description: "Trades that failed for good, by reason.");
        _headReductions = meter.CreateCounter<long>(
            MetricNames.HeadReductions,
            description: "Holdings that an unconfirmed block made smaller."
        );
        _unproposedMarkets = meter.CreateCounter<long>(
            MetricNames.UnproposedMarkets,
            description: "Markets that the factory created without an approved proposal; they are not listed."
        );
        _firmHeld = meter.CreateCounter<long>(
            MetricNames.FirmHeld,
            description: "Times that a firm trade would have failed, which none can; it is not sent, and tried again at the next block."
        );
        _blockSeconds = meter.CreateHistogram<double>(
            MetricNames.BlockProcessingDuration,
            "s",
            "Time from reading a block range to its acknowledgement by the leader."
        );
        meter.CreateObservableGauge(MetricNames.SettlementPending, () => Pending, description: "Trades that are neither final nor failed.");
        meter.CreateObservableGauge(
            MetricNames.SettlementHalted,
            ReadHalts,
            description: "1: settlement sends nothing and waits for a person, by cause."
        );
        meter.CreateObservableGauge(
            MetricNames.SignerBalance,
            ReadSignerBalance,
            description: "Ether of the account that pays for gas, where this node settles."
        );
        meter.CreateObservableGauge(MetricNames.ChainHead, () => Head, description: "Newest block that the node told of.");
    }

    public long Pending { get; set; }

    public long Head { get; set; }

    /// <summary>Why it has halted by itself; null while it has not.</summary>
    public string? Halted { get; set; }

    /// <summary>As the last look before a send found it.</summary>
    public bool IsHaltedByOperator { get; set; }

    /// <summary>Wei. Null until it is first read, as on a node that never settled, because 0 would look like an empty account.</summary>
    public BigInteger? SignerBalance { get; set; }

    public void Changed(IReadOnlyCollection<TradeChange> changes)
    {
        foreach (var group in changes.Where(c => c.Settlement is TradeStates.Final or TradeStates.Failed).GroupBy(c => c.Settlement))
            _trades.Add(group.Count(), new KeyValuePair<string, object?>("state", group.Key));
    }

    private IEnumerable<Measurement<int>> ReadHalts() =>
        [
            new(Halted is null ? 0 : 1, new KeyValuePair<string, object?>("cause", "reorganisation")),
            new(IsHaltedByOperator ? 1 : 0, new KeyValuePair<string, object?>("cause", "operator")),
        ];

    // Without a reading there is no measurement: 0 would look like an empty account.
    private IEnumerable<Measurement<double>> ReadSignerBalance() => SignerBalance is { } wei ? [new((double)wei / 1e18)] : [];

    public void Batch(string state) => _batches.Add(1, new KeyValuePair<string, object?>("state", state));

    /// <param name="code">Without an account, which would make a series for each; one of the short list in SettlementFailure.</param>
    public void Bust(string code) => _bust.Add(1, new KeyValuePair<string, object?>("reason", code));

    public void HeadReductions(int holdings) => _headReductions.Add(holdings);

    public void FirmHeld(int trades) => _firmHeld.Add(trades);

    public void UnproposedMarket() => _unproposedMarkets.Add(1);

    public void BlocksProcessed(TimeSpan took) => _blockSeconds.Record(took.TotalSeconds);
}
