using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Foresight.ServiceDefaults.Telemetry;

namespace Foresight.Matching.Leadership;

public sealed class LeadershipMetrics
{
    private readonly Counter<long> elections;
    private readonly Counter<long> fenceRejections;
    private readonly Counter<long> leasesLost;
    private readonly Histogram<double> phases;
    private readonly ConcurrentDictionary<string, long> epochs = new();

    public LeadershipMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(MetricNames.Meter);
        elections = meter.CreateCounter<long>(MetricNames.LeaderElections, description: "Bids for a lease by their result.");
        fenceRejections = meter.CreateCounter<long>(MetricNames.FenceRejections, description: "Transactions that the fence in Postgres refused.");
        leasesLost = meter.CreateCounter<long>(MetricNames.LeasesLost, description: "Leases that ended before they were given up.");
        phases = meter.CreateHistogram<double>(MetricNames.FailoverPhase, "ms", "Time of a take-over up to each phase.");
        meter.CreateObservableGauge(
            MetricNames.LeaderStatus, () => epochs.Select(held => new Measurement<long>(held.Value > 0 ? 1 : 0, Resource(held.Key))),
            description: "1 while this node leads, 0 while it follows.");
        meter.CreateObservableGauge(
            MetricNames.LeaderEpoch, () => epochs.Select(held => new Measurement<long>(held.Value, Resource(held.Key))),
            description: "Epoch of this node's term; 0 while it follows.");
    }

    public void Follows(string resource)
    {
        if (epochs.TryAdd(resource, 0)) BeginAtZero(resource);
        epochs[resource] = 0;
    }

    public void Leads(string resource, long epoch) => epochs[resource] = epoch;

    public void Bid(string resource, bool won) => elections.Add(1, Resource(resource), new("result", won ? "won" : "lost"));

    public void LeaseLost(string resource) => leasesLost.Add(1, Resource(resource));

    public void FenceRejected(string resource) => fenceRejections.Add(1, Resource(resource));

    public void Phase(string resource, string phase, double milliseconds) => phases.Record(milliseconds, Resource(resource), new("phase", phase));

    /// <summary>A counter that appears with its first event hides that event from whoever looks at its rate.</summary>
    private void BeginAtZero(string resource)
    {
        fenceRejections.Add(0, Resource(resource));
        leasesLost.Add(0, Resource(resource));
        elections.Add(0, Resource(resource), new("result", "won"));
        elections.Add(0, Resource(resource), new("result", "lost"));
    }

    private static KeyValuePair<string, object?> Resource(string resource) => new("resource", resource);
}
