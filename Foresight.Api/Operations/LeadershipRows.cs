using System.Text.Json;
using Dapper;
using Foresight.Protocol;
using Npgsql;

namespace Foresight.Api.Operations;

public sealed record LeadershipRows(
    int ShardCount,
    IReadOnlyList<LeadershipView> Resources,
    IReadOnlyDictionary<string, string> Addresses,
    IReadOnlyList<FailoverView> Failovers,
    IReadOnlyList<FailoverView> LastFailovers
)
{
    private const int MaxFailovers = 50;

    public string AddressOf(string resource) => Addresses.GetValueOrDefault(resource, "");

    public static async Task<LeadershipRows> ReadAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var shards = await connection.ExecuteScalarAsync<int>(
            new CommandDefinition("SELECT shard_count()", cancellationToken: cancellationToken)
        );
        var resources = (
            await connection.QueryAsync<(
                string Resource,
                long Epoch,
                string? NodeId,
                DateTime? Since,
                string? Address,
                DateTime? LeaseEnd
            )>(
                new CommandDefinition(
                    """
                    SELECT resource, epoch, node_id, acquired_at, address, renewed_at + lease_ms * interval '1 ms'
                    FROM leadership ORDER BY resource
                    """,
                    cancellationToken: cancellationToken
                )
            )
        ).AsList();
        var failovers = await FailoversAsync(
            connection,
            """
            SELECT resource, epoch, coalesce(node_id, ''), previous_node_id, acquired_at, phases::text, reason FROM leadership_history
            ORDER BY acquired_at DESC LIMIT @MaxFailovers
            """,
            new { MaxFailovers },
            cancellationToken
        );
        // A query of its own: otherwise a shard that fails over often would push the last failovers of the others off the list.
        var last = await FailoversAsync(
            connection,
            """
            SELECT h.resource, h.epoch, coalesce(h.node_id, ''), h.previous_node_id, h.acquired_at, h.phases::text,
                h.reason
            FROM leadership l CROSS JOIN LATERAL (
                SELECT * FROM leadership_history WHERE resource = l.resource AND previous_node_id IS NOT NULL ORDER BY epoch DESC LIMIT 1) h
            """,
            parameters: null,
            cancellationToken
        );
        return new LeadershipRows(
            shards,
            [.. resources.Select(row => new LeadershipView(row.Resource, row.Epoch, row.NodeId, row.Since, row.LeaseEnd))],
            resources.ToDictionary(row => row.Resource, row => row.Address ?? ""),
            failovers,
            last
        );
    }

    internal static async Task<IReadOnlyList<FailoverView>> FailoversAsync(
        NpgsqlConnection connection,
        string sql,
        object? parameters,
        CancellationToken cancellationToken
    )
    {
        var rows = await connection.QueryAsync<(
            string Resource,
            long Epoch,
            string NodeId,
            string? Previous,
            DateTime At,
            string Phases,
            string? Reason
        )>(new CommandDefinition(sql, parameters, cancellationToken: cancellationToken));
        return
        [
            .. rows.Select(row => new FailoverView(
                row.Resource,
                row.Epoch,
                row.NodeId,
                row.Previous,
                row.At,
                PhasesOf(row.Phases),
                row.Reason
            )),
        ];
    }

    private static Dictionary<string, double> PhasesOf(string json)
    {
        using var document = JsonDocument.Parse(json);
        return document
            .RootElement.EnumerateObject()
            .Where(phase => phase.Value.ValueKind == JsonValueKind.Number)
            .ToDictionary(phase => phase.Name, phase => phase.Value.GetDouble());
    }
}
