using Dapper;
using Foresight.Api.Problems;
using Foresight.Api.Reading;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Postgres;
using Microsoft.AspNetCore.Mvc;
using Npgsql;

namespace Foresight.Api.Operations.History;

public readonly record struct HistoryParameters([FromQuery(Name = "range")] string Range = HistoryRanges.Hour) : ICheckedParameters
{
    Problem? ICheckedParameters.Problem =>
        HistoryRanges.All.Contains(Range) ? null : Problem.Malformed($"range must be {string.Join(", ", HistoryRanges.All)}.");
}

public sealed class HistoryReader(Database database)
{
    private const int MaxFailovers = 200;

    /// <summary>Steps begin at multiples of their length, so that the points of two reads are the same ones.</summary>
    internal const string PointsQuery = """
        SELECT date_bin(@step, at, 'epoch') AS at, count(*)::int AS samples, avg(orders_per_second) AS orders_per_second,
            avg(trades_per_second) AS trades_per_second, max(commit_p50_ms) AS commit_p50_ms, max(commit_p99_ms) AS commit_p99_ms,
            min(replicas) AS replicas, max(replica_lag_bytes) AS replica_lag_bytes, max(unsettled_trades) AS unsettled_trades,
            max(hub_connections) AS hub_connections,
            string_agg(DISTINCT array_to_string(problems, ','), ',') AS problems
        FROM operations_history WHERE at >= @from AND at < @to GROUP BY 1 ORDER BY 1
        """;

    internal const string FailoversQuery = """
        SELECT resource, epoch, coalesce(node_id, ''), previous_node_id, acquired_at, phases::text, reason FROM leadership_history
        WHERE acquired_at >= @from AND acquired_at < @to ORDER BY acquired_at DESC LIMIT @MaxFailovers
        """;

    public Task<HistoryView> ReadAsync(string range, CancellationToken cancellationToken) =>
        database.ReadAsync(
            "history",
            after: null,
            (connection, cancellationToken) => ReadAsync(connection, range, cancellationToken),
            cancellationToken
        );

    private static async Task<HistoryView> ReadAsync(NpgsqlConnection connection, string range, CancellationToken cancellationToken)
    {
        // By the database's clock, which also dates the samples.
        var now = await connection.ExecuteScalarAsync<DateTime>(
            new CommandDefinition("SELECT clock_timestamp()", cancellationToken: cancellationToken)
        );
        var window = HistoryRules.WindowOf(range, now);
        var parameters = new
        {
            step = window.Step,
            from = window.From,
            to = window.To,
            MaxFailovers,
        };
        var points = await connection.QueryAsync<PointRow>(
            new CommandDefinition(PointsQuery, parameters, cancellationToken: cancellationToken)
        );
        var failovers = await LeadershipRows.FailoversAsync(connection, FailoversQuery, parameters, cancellationToken);
        return new HistoryView(
            range,
            (int)window.Step.TotalSeconds,
            window.From,
            window.To,
            [.. points.Select(point => point.View())],
            failovers
        );
    }

    private sealed class PointRow
    {
        public DateTime At { get; init; }
        public int Samples { get; init; }
        public double? OrdersPerSecond { get; init; }
        public double? TradesPerSecond { get; init; }
        public double? CommitP50Ms { get; init; }
        public double? CommitP99Ms { get; init; }
        public int? Replicas { get; init; }
        public long? ReplicaLagBytes { get; init; }
        public long? UnsettledTrades { get; init; }
        public int? HubConnections { get; init; }
        public string Problems { get; init; } = "";

        public HistoryPoint View()
        {
            string[] problems = [.. Problems.Split(',', StringSplitOptions.RemoveEmptyEntries).Distinct().Order(StringComparer.Ordinal)];
            return new HistoryPoint(
                At,
                Samples,
                Rounded(OrdersPerSecond),
                Rounded(TradesPerSecond),
                Rounded(CommitP50Ms),
                Rounded(CommitP99Ms),
                Replicas,
                ReplicaLagBytes,
                UnsettledTrades,
                HubConnections,
                HistoryHealth.Of(problems),
                problems
            );
        }

        private static double? Rounded(double? value) => value is { } number ? Math.Round(number, 2) : null;
    }
}
