using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Foresight.ServiceDefaults.Telemetry;

namespace Foresight.Matching.Leadership;

public sealed class LeadershipMetrics
{
    private readonly Counter<long> _elections;
    private readonly Counter<long> _fenceRejections;
    private readonly Counter<long> _leasesLost;
    private readonly Histogram<double> _phases;
    private readonly ConcurrentDictionary<string, long> _epochs = new();

    public LeadershipMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(MetricNames.Meter);
        _elections = meter.CreateCounter<long>(MetricNames.LeaderElections, description: "Bids for a lease by their result.");
        _fenceRejections = meter.CreateCounter<long>(
            MetricNames.FenceRejections,
            description: "Transactions that the fence in Postgres refused."
        );
        _leasesLost = meter.CreateCounter<long>(MetricNames.LeasesLost, description: "Leases that ended before they were given up.");
        _phases = meter.CreateHistogram<double>(MetricNames.FailoverPhase, "ms", "Time of a take-over up to each phase.");
        meter.CreateObservableGauge(
            MetricNames.LeaderStatus,
            () => _epochs.Select(held => new Measurement<long>(held.Value > 0 ? 1 : 0, Resource(held.Key))),
            description: "1 while this node leads, 0 while it follows."
        );
        meter.CreateObservableGauge(
            MetricNames.LeaderEpoch,
            () => _epochs.Select(held => new Measurement<long>(held.Value, Resource(held.Key))),
            description: "Epoch of this node's term; 0 while it follows."
        );
    }

    public void Follows(string resource)
    {
        if (_epochs.TryAdd(resource, 0))
            BeginAtZero(resource);
        _epochs[resource] = 0;
    }

    public void Leads(string resource, long epoch) => _epochs[resource] = epoch;

    public void Bid(string resource, bool won) => _elections.Add(1, Resource(resource), new("result", won ? "won" : "lost"));

    public void LeaseLost(string resource) => _leasesLost.Add(1, Resource(resource));

    public void FenceRejected(string resource) => _fenceRejections.Add(1, Resource(resource));

    public void Phase(string resource, string phase, double milliseconds) =>
        _phases.Record(milliseconds, Resource(resource), new("phase", phase));

    /// <summary>
    /// Creates the counters with a value of 0: a counter that first appears together with its first event hides that event from rate().
    /// </summary>
    private void BeginAtZero(string resource)
    {
        _fenceRejections.Add(0, Resource(resource));
        _leasesLost.Add(0, Resource(resource));
        _elections.Add(0, Resource(resource), new("result", "won"));
        _elections.Add(0, Resource(resource), new("result", "lost"));
    }

    private static KeyValuePair<string, object?> Resource(string resource) => new("resource", resource);
}
