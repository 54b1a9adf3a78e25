using Foresight.Protocol;

namespace Foresight.Console.History;

/// <param name="Of">Null where nothing was read, which stays a gap.</param>
public sealed record HistoryLine(string Name, string Color, Func<HistoryPoint, double?> Of);

/// <param name="Unit">After each value, as " ms".</param>
/// <param name="Lines">None: the chart is the strip of health.</param>
public sealed record HistoryChartOf(string Title, string Unit, IReadOnlyList<HistoryLine> Lines);

public static class HistoryCharts
{
    public static readonly HistoryChartOf Throughput = new(
        "Throughput",
        "/s",
        [new("orders", "var(--series-1)", point => point.OrdersPerSecond), new("trades", "var(--series-2)", point => point.TradesPerSecond)]
    );

    public static readonly HistoryChartOf Latency = new(
        "Commit time",
        " ms",
        [new("99 of 100", "var(--series-4)", point => point.CommitP99Ms), new("half of all", "var(--series-1)", point => point.CommitP50Ms)]
    );

    public static readonly HistoryChartOf Lag = new(
        "Replication lag",
        " KB",
        [new("slowest replica", "var(--series-3)", point => point.ReplicaLagBytes / 1024d)]
    );

    public static readonly HistoryChartOf Unsettled = new(
        "Unsettled trades",
        "",
        [new("trades", "var(--series-1)", point => point.UnsettledTrades)]
    );

    public static readonly HistoryChartOf Connections = new(
        "Clients of the hub",
        "",
        [new("clients", "var(--series-2)", point => point.HubConnections)]
    );

    public static readonly HistoryChartOf Health = new("Health", "", []);

    public static readonly IReadOnlyList<HistoryChartOf> OfOverview = [Throughput, Latency, Lag, Unsettled, Connections, Health];

    public static readonly IReadOnlyList<HistoryChartOf> OfSettlement = [Unsettled, Throughput, Health];

    public static readonly IReadOnlyList<HistoryChartOf> OfFailovers = [Health, Throughput, Latency];

    public static readonly IReadOnlyList<HistoryChartOf> OfCluster = [Health, Connections, Latency];

    public static readonly IReadOnlyList<HistoryChartOf> OfDatabase = [Lag, Latency, Throughput];
}
