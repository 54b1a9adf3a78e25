using System.Diagnostics.Metrics;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Telemetry;

namespace Foresight.Cluster;

/// <summary>No measurement while Redis cannot be read, because an outage must not look like an empty cluster.</summary>
public sealed class ClusterMetrics
{
    private IReadOnlyList<Measurement<int>> _counts = [];

    public ClusterMetrics(IMeterFactory meters) =>
        meters
            .Create(MetricNames.Meter)
            .CreateObservableGauge(MetricNames.ClusterNodes, () => Volatile.Read(ref _counts), description: "Live nodes in the registry.");

    public void Saw(IReadOnlyList<NodeRecord> nodes) =>
        Volatile.Write(
            ref _counts,
            [
                .. nodes
                    .GroupBy(node => (node.Kind, node.State))
                    .Select(group => new Measurement<int>(group.Count(), new("kind", group.Key.Kind), new("state", group.Key.State))),
            ]
        );
}
