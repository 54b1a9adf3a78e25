using Foresight.Cluster;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Postgres;
using Npgsql;
using StackExchange.Redis;

namespace Foresight.Api.Operations;

/// <summary>
/// Leaders, nodes and failovers: live data from Redis, durable data from Postgres. Operators need this view most when one of the two is
/// down, so each source is read separately with a timeout, and the last known data of an unreachable one is returned with its age.
/// </summary>
public sealed class ClusterReader(
    LeaderDirectory leaders,
    NodeRegistry registry,
    Database database,
    TimeProvider clock,
    ILogger<ClusterReader> logger
)
{
    /// <summary>Below the timeout that the overview applies to each of its parts.</summary>
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(1);

    private readonly LastKnownValue<IReadOnlyList<NodeRecord>> _nodeMemory = new("nodes in Redis", Bound, clock, logger);
    private readonly LastKnownValue<IReadOnlyDictionary<int, LiveLease>> _leaseMemory = new("leases in Redis", Bound, clock, logger);
    private readonly LastKnownValue<LeadershipRows> _rowMemory = new("terms in Postgres", Bound, clock, logger);

    /// <param name="withAddresses">Internal addresses are for operators only.</param>
    /// <exception cref="NpgsqlException">Neither source can be read, and no earlier data exists.</exception>
    /// <exception cref="TimeoutException">Neither source answers in time, and no earlier data exists.</exception>
    public async Task<ClusterStatus> StatusAsync(bool withAddresses, CancellationToken cancellationToken)
    {
        // Concurrently, so that the timeout covers all reads together.
        var readingRows = _rowMemory.ReadAsync(
            token => database.ReadAsync("leadership", after: null, LeadershipRows.ReadAsync, token),
            cancellationToken
        );
        var readingNodes = _nodeMemory.ReadAsync(registry.ListAsync, cancellationToken);
        var readingLeases = _leaseMemory.ReadAsync(LeasesAsync, cancellationToken);
        var (rows, nodes, leases) = (await readingRows, await readingNodes, await readingLeases);
        if (rows.Value is null && leases.Value is null)
            throw rows.Failure!;

        var shardCount = rows.Value?.ShardCount ?? leases.Value!.Keys.DefaultIfEmpty().Max() + 1;
        var shards = Enumerable
            .Range(0, shardCount)
            .Select(shard =>
            {
                var resource = LeasedResources.MatchingOf(shard);
                var leader = LeaderOf(shard, leases, rows, nodes, withAddresses);
                return new ShardLeaderView(
                    shard,
                    resource,
                    leader,
                    rows.Value?.LastFailovers.FirstOrDefault(failover => failover.Resource == resource)
                );
            })
            .ToList();
        return new ClusterStatus(
            leases.IsFresh && shards.TrueForAll(shard => shard.Leader is not null),
            shards[0].Leader,
            Shown(nodes.Value ?? [], withAddresses),
            rows.Value?.Resources ?? [],
            rows.Value?.Failovers ?? [],
            shards,
            Together(nodes.View, leases.View),
            rows.View
        );
    }

    /// <exception cref="RedisException">Redis cannot be read; an outage must not look like an empty cluster.</exception>
    /// <exception cref="TimeoutException">Redis does not answer in time.</exception>
    public async Task<IReadOnlyList<NodeRecord>> NodesAsync(bool withAddresses, CancellationToken cancellationToken) =>
        Shown(await registry.ListAsync(cancellationToken), withAddresses);

    public async Task<LeaderView?> LeaderAsync(int shard, bool withAddresses, CancellationToken cancellationToken)
    {
        var status = await StatusAsync(withAddresses, cancellationToken);
        return shard < status.Shards!.Count ? status.Shards[shard].Leader : null;
    }

    /// <summary>Reads every possible shard: the actual number is in Postgres, which may be down.</summary>
    private async Task<IReadOnlyDictionary<int, LiveLease>> LeasesAsync(CancellationToken cancellationToken)
    {
        var leases = await Task.WhenAll(
            Enumerable
                .Range(0, Shards.Maximum)
                .Select(async shard =>
                {
                    var resource = LeasedResources.MatchingOf(shard);
                    // The remaining time first: that call fails while Redis is down, where the
                    // directory would return the last known holder.
                    var remaining = await leaders.RemainingAsync(resource, cancellationToken);
                    return (Shard: shard, Lease: await leaders.FindAsync(resource, cancellationToken), Remaining: remaining);
                })
        );
        return leases
            .Where(found => found.Lease is not null)
            .ToDictionary(found => found.Shard, found => new LiveLease(found.Lease!, found.Remaining));
    }

    /// <summary>
    /// Holder of the lease in Redis if Redis answers. Else the holder of the last term in Postgres, which may have lost its lease since.
    /// </summary>
    private static LeaderView? LeaderOf(
        int shard,
        KnownValue<IReadOnlyDictionary<int, LiveLease>> leases,
        KnownValue<LeadershipRows> rows,
        KnownValue<IReadOnlyList<NodeRecord>> nodes,
        bool withAddresses
    )
    {
        if (leases.IsFresh || rows.Value is null)
        {
            if (!leases.Value!.TryGetValue(shard, out var live))
                return null;
            var state = nodes.IsFresh
                ? nodes.Value!.FirstOrDefault(node => node.NodeId == live.Lease.NodeId)?.State ?? NodeStates.Unknown
                : NodeStates.Unknown;
            return new LeaderView(
                live.Lease.NodeId,
                withAddresses ? live.Lease.Address : "",
                live.Lease.Epoch,
                live.Lease.AcquiredAt,
                leases.IsFresh ? live.Remaining?.TotalMilliseconds : null,
                state
            );
        }

        var resource = LeasedResources.MatchingOf(shard);
        return rows.Value.Resources.FirstOrDefault(row => row.Resource == resource) is { NodeId: { } nodeId } term
            ? new LeaderView(
                nodeId,
                withAddresses ? rows.Value.AddressOf(resource) : "",
                term.Epoch,
                term.Since ?? default,
                LeaseRemainingMs: null,
                NodeStates.Unknown
            )
            : null;
    }

    private static IReadOnlyList<NodeRecord> Shown(IReadOnlyList<NodeRecord> nodes, bool withAddresses) =>
        withAddresses ? nodes : [.. nodes.Select(node => node with { Address = "" })];

    /// <summary>Redis is read twice; the worse result counts.</summary>
    private static SourceView Together(SourceView one, SourceView other) => one.State == SourceView.Down ? one : other;

    private sealed record LiveLease(LeaseRecord Lease, TimeSpan? Remaining);
}
