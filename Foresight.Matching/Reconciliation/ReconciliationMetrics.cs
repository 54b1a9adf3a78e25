using System.Diagnostics.Metrics;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Telemetry;

namespace Foresight.Matching.Reconciliation;

/// <summary>No label contains an id or an address, so the number of series stays small.</summary>
public sealed class ReconciliationMetrics
{
    private readonly Counter<long> _runs;
    private readonly Counter<long> _discrepancies;
    private readonly Counter<long> _untoldFills;
    private readonly Counter<long> _mismatches;
    private readonly Counter<long> _balanceChecks;
    private readonly Histogram<double> _seconds;

    public ReconciliationMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(MetricNames.Meter);
        _runs = meter.CreateCounter<long>(MetricNames.ReconciliationRuns, description: "Runs by what asked for them and how they ended.");
        _discrepancies = meter.CreateCounter<long>(
            MetricNames.ReconciliationDiscrepancies,
            description: "Disagreements found, also those known before."
        );
        _untoldFills = meter.CreateCounter<long>(
            MetricNames.ReconciliationUntoldFills,
            description: "Fills past the relayer beyond those that a run lists singly."
        );
        _mismatches = meter.CreateCounter<long>(
            MetricNames.BalanceMismatches,
            description: "Holdings that differ between ledger and chain."
        );
        _balanceChecks = meter.CreateCounter<long>(MetricNames.BalanceChecks, description: "Balance checks by result.");
        _seconds = meter.CreateHistogram<double>(MetricNames.ReconciliationDuration, "s", "Time of a run.");
        meter.CreateObservableGauge(
            MetricNames.ReconciliationPending,
            () => Open,
            description: "Discrepancies that are not resolved or ignored."
        );
        meter.CreateObservableGauge(
            MetricNames.SystemTotalBalance,
            Totals,
            "USDC",
            "What all accounts own, by the ledger and by the chain."
        );
    }

    public long Open { get; set; }

    private BalanceTotals? LastTotals { get; set; }

    public void Finished(RunRow run, RunResult result, TimeSpan took)
    {
        LastTotals = result.Totals ?? LastTotals;
        _runs.Add(1, new("trigger", run.Manual ? "manual" : "schedule"), new("result", result.Error is null ? "succeeded" : "failed"));
        _seconds.Record(took.TotalSeconds);
        foreach (var group in result.Findings.GroupBy(f => f.Kind))
            _discrepancies.Add(group.Count(), new KeyValuePair<string, object?>("kind", group.Key));
        if (result.Untold > 0)
            _untoldFills.Add(result.Untold);
        if (result.Totals is null)
            return;
        _balanceChecks.Add(1, new KeyValuePair<string, object?>("result", result.Error is null ? "succeeded" : "failed"));
        _mismatches.Add(result.Findings.Count(f => f.Kind == DiscrepancyKinds.BalanceMismatch));
    }

    private IEnumerable<Measurement<double>> Totals() =>
        LastTotals is { } totals
            ?
            [
                new((double)totals.Ledger / 1e6, new KeyValuePair<string, object?>("side", "ledger")),
                new((double)totals.Chain / 1e6, new KeyValuePair<string, object?>("side", "chain")),
            ]
            : [];
}
