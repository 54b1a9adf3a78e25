using System.Text.Json;
using Dapper;
using Foresight.Contracts;
using Foresight.ServiceDefaults.Cluster;
using Foresight.ServiceDefaults.Postgres;
using Npgsql;

namespace Foresight.Api.Operations;

/// <summary>Who leads, who is there, and how it came to be: live from Redis, lasting from Postgres.</summary>
public sealed class ClusterReader(LeaderDirectory leaders, NodeRegistry registry, Database database)
{
    private const int MaxFailovers = 50;

    /// <param name="withAddresses">Inner addresses are for operators only.</param>
    public async Task<ClusterStatus> StatusAsync(bool withAddresses, CancellationToken cancellation)
    {
        var nodes = await NodesAsync(withAddresses, cancellation);
        var (shardCount, resources, failovers, last) = await database.ReadAsync("leadership", after: null, ReadLeadershipAsync, cancellation);
        var shards = await Task.WhenAll(Enumerable.Range(0, shardCount).Select(async shard => new ShardLeaderView(
            shard, LeasedResources.MatchingOf(shard), await LeaderAsync(shard, withAddresses, nodes, cancellation),
            last.FirstOrDefault(failover => failover.Resource == LeasedResources.MatchingOf(shard)))));
        return new ClusterStatus(shards.All(shard => shard.Leader is not null), shards[0].Leader, nodes, resources, failovers, shards);
    }

    public async Task<IReadOnlyList<NodeRecord>> NodesAsync(bool withAddresses, CancellationToken cancellation)
    {
        var nodes = await registry.ListAsync(cancellation);
        return withAddresses ? nodes : [.. nodes.Select(node => node with { Address = "" })];
    }

    public Task<LeaderView?> LeaderAsync(int shard, bool withAddresses, CancellationToken cancellation) =>
        LeaderAsync(shard, withAddresses, nodes: null, cancellation);

    private async Task<LeaderView?> LeaderAsync(int shard, bool withAddresses, IReadOnlyList<NodeRecord>? nodes, CancellationToken cancellation)
    {
        var resource = LeasedResources.MatchingOf(shard);
        // The remaining time is asked for first: it fails while Redis is away, where the directory would give the last known holder.
        var remaining = await leaders.RemainingAsync(resource, cancellation);
        if (await leaders.FindAsync(resource, cancellation) is not { } lease) return null;
        nodes ??= await registry.ListAsync(cancellation);
        var state = nodes.FirstOrDefault(node => node.NodeId == lease.NodeId)?.State ?? "unknown";
        return new LeaderView(
            lease.NodeId, withAddresses ? lease.Address : "", lease.Epoch, lease.AcquiredAt, remaining?.TotalMilliseconds, state);
    }

    private static async Task<(int, IReadOnlyList<LeadershipView>, IReadOnlyList<FailoverView>, IReadOnlyList<FailoverView>)> ReadLeadershipAsync(
        NpgsqlConnection connection, CancellationToken cancellation)
    {
        var shards = await connection.ExecuteScalarAsync<int>(new CommandDefinition("SELECT shard_count()", cancellationToken: cancellation));
        var resources = await connection.QueryAsync<(string Resource, long Epoch, string? NodeId, DateTime? Since)>(new CommandDefinition(
            "SELECT resource, epoch, node_id, acquired_at FROM leadership ORDER BY resource", cancellationToken: cancellation));
        var failovers = await FailoversAsync(
            connection,
            """
            SELECT resource, epoch, coalesce(node_id, ''), previous_node_id, acquired_at, phases::text FROM leadership_history
            ORDER BY acquired_at DESC LIMIT @MaxFailovers
            """,
            cancellation);
        // Asked for by themselves: a shard that changes hands often must not push the others' last ones off the list.
        var last = await FailoversAsync(
            connection,
            """
            SELECT h.resource, h.epoch, coalesce(h.node_id, ''), h.previous_node_id, h.acquired_at, h.phases::text
            FROM leadership l CROSS JOIN LATERAL (
                SELECT * FROM leadership_history WHERE resource = l.resource AND previous_node_id IS NOT NULL ORDER BY epoch DESC LIMIT 1) h
            """,
            cancellation);
        return (
            shards,
            [.. resources.Select(row => new LeadershipView(row.Resource, row.Epoch, row.NodeId, row.Since))],
            failovers,
            last);
    }

    private static async Task<IReadOnlyList<FailoverView>> FailoversAsync(NpgsqlConnection connection, string sql, CancellationToken cancellation)
    {
        var rows = await connection.QueryAsync<(string Resource, long Epoch, string NodeId, string? Previous, DateTime At, string Phases)>(
            new CommandDefinition(sql, new { MaxFailovers }, cancellationToken: cancellation));
        return [.. rows.Select(row => new FailoverView(row.Resource, row.Epoch, row.NodeId, row.Previous, row.At, PhasesOf(row.Phases)))];
    }

    private static Dictionary<string, double> PhasesOf(string json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.EnumerateObject().Where(phase => phase.Value.ValueKind == JsonValueKind.Number)
            .ToDictionary(phase => phase.Name, phase => phase.Value.GetDouble());
    }
}
