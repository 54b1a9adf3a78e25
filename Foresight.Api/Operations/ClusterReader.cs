using Foresight.Cluster;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Postgres;
using Npgsql;
using StackExchange.Redis;

namespace Foresight.Api.Operations;

/// <summary>
/// Operators need this view most when Redis or Postgres is down, so each source is read separately with a timeout, and the last known data
/// of an unreachable one is returned with its age.
/// </summary>
public sealed class ClusterReader(
    LeaderDirectory leaders,
    NodeRegistry registry,
    Database database,
    ExpectedNodes expected,
    TimeProvider clock,
    ILogger<ClusterReader> logger
)
{
    /// <summary>
    /// Below the timeout that the overview applies to each of its parts, so that stale data arrives instead of a failed part.
    /// </summary>
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(1);

    private readonly LastKnownValue<IReadOnlyList<NodeRecord>> _nodeMemory = new("nodes in Redis", Bound, clock, logger);
    private readonly LastKnownValue<IReadOnlyDictionary<int, LiveLease>> _leaseMemory = new("leases", Bound, clock, logger);
    private readonly LastKnownValue<LeadershipRows> _rowMemory = new("terms in Postgres", Bound, clock, logger);

    /// <summary>Every possible shard at first: the actual number is in Postgres, which may not have answered yet.</summary>
    private volatile int _shardCount = Shards.Maximum;

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
        if (rows.Value is not null)
            _shardCount = shardCount;
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
            leases.IsFresh && Enumerable.Range(0, shardCount).All(leases.Value!.ContainsKey),
            shards[0].Leader,
            Shown(nodes.Value ?? [], withAddresses),
            rows.Value?.Resources ?? [],
            rows.Value?.Failovers ?? [],
            shards,
            nodes.View,
            rows.View,
            expected.ByKind
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

    /// <summary>Redis may show nothing that can be believed, or be down; the lease itself is in Postgres.</summary>
    private async Task<IReadOnlyDictionary<int, LiveLease>> LeasesAsync(CancellationToken cancellationToken)
    {
        var leases = await Task.WhenAll(
            Enumerable
                .Range(0, _shardCount)
                .Select(async shard => (Shard: shard, Lease: await leaders.FindAsync(LeasedResources.MatchingOf(shard), cancellationToken)))
        );
        return leases
            .Where(found => found.Lease is not null)
            .ToDictionary(found => found.Shard, found => new LiveLease(found.Lease!, leaders.RemainingOf(found.Lease!)));
    }

    /// <summary>While Redis or Postgres is down the holder of the last term is shown, which may have lost the lease since.</summary>
    private static LeaderView? LeaderOf(
        int shard,
        KnownValue<IReadOnlyDictionary<int, LiveLease>> leases,
        KnownValue<LeadershipRows> rows,
        KnownValue<IReadOnlyList<NodeRecord>> nodes,
        bool withAddresses
    )
    {
        if (leases.Value?.GetValueOrDefault(shard) is { } live && (leases.IsFresh || rows.Value is null))
        {
            var state = nodes.IsFresh
                ? nodes.Value!.FirstOrDefault(node => node.NodeId == live.Lease.NodeId)?.State ?? NodeStates.Unknown
                : NodeStates.Unknown;
            return new LeaderView(
                live.Lease.NodeId,
                withAddresses ? live.Lease.Address : "",
                live.Lease.Epoch,
                live.Lease.AcquiredAt,
                leases.IsFresh ? live.Remaining.TotalMilliseconds : null,
                state
            );
        }

        if (leases.IsFresh && nodes.IsFresh && rows.IsFresh)
            return null;
        var resource = LeasedResources.MatchingOf(shard);
        return rows.Value?.Resources.FirstOrDefault(row => row.Resource == resource) is { NodeId: { } nodeId } term
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
        withAddresses
            ? nodes
            :
            [
                .. nodes.Select(node =>
                    node with
                    {
                        Address = "",
                        PutOut = node.PutOut is null ? null : [.. node.PutOut.Select(one => one with { Host = null })],
                    }
                ),
            ];

    private sealed record LiveLease(LeaseRecord Lease, TimeSpan Remaining);
}
