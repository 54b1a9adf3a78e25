using System.Diagnostics.Metrics;
using Foresight.ServiceDefaults.Telemetry;

namespace Foresight.ServiceDefaults.Postgres;

internal sealed class DatabaseMetrics(IMeterFactory meters)
{
    private readonly Counter<long> _queries = meters
        .Create(MetricNames.Meter)
        .CreateCounter<long>(MetricNames.DatabaseQueries, description: "Queries by server, name and result.");
    private readonly Histogram<double> _latency = meters
        .Create(MetricNames.Meter)
        .CreateHistogram<double>(MetricNames.DatabaseQueryLatency, "ms", "Time of a query, with getting its connection.");
    private readonly Counter<long> _fallbacks = meters
        .Create(MetricNames.Meter)
        .CreateCounter<long>(MetricNames.DatabaseFallbacks, description: "Reads that a replica failed and the primary answered.");

    public void Query(string server, string query, bool succeeded, TimeSpan took)
    {
        _queries.Add(1, new("server", server), new("query", query), new("result", succeeded ? "ok" : "error"));
        _latency.Record(took.TotalMilliseconds, new("server", server), new("query", query));
    }

    public void Fallback(string replica) => _fallbacks.Add(1, new KeyValuePair<string, object?>("replica", replica));

    public void Watch(Server primary, IReadOnlyList<Server> replicas)
    {
        var meter = meters.Create(MetricNames.Meter);
        Server[] all = [primary, .. replicas];
        meter.CreateObservableGauge(
            MetricNames.DatabaseConnections,
            () => all.Select(server => new Measurement<int>(server.Active, new KeyValuePair<string, object?>("server", server.Name))),
            description: "Connections in use by the queries of this process."
        );
        meter.CreateObservableGauge(
            MetricNames.DatabaseReplicaHealth,
            () =>
                replicas.Select(replica => new Measurement<int>(
                    replica is { IsHealthy: true, IsOut: false } ? 1 : 0,
                    new KeyValuePair<string, object?>("replica", replica.Name)
                )),
            description: "1: serves reads. 0: out."
        );
        meter.CreateObservableGauge(
            MetricNames.DatabaseReplicaLag,
            () =>
                replicas
                    .Where(replica => replica.LagBytes is not null)
                    .Select(replica => new Measurement<long>(
                        replica.LagBytes!.Value,
                        new KeyValuePair<string, object?>("replica", replica.Name)
                    )),
            "By",
            "Write-ahead log of the primary that the replica has not replayed."
        );
    }
}
