using Foresight.Cluster;
using Foresight.Cluster.Health;
using Foresight.Matching.Settlement;
using Foresight.Matching.Sharding;
using Foresight.Protocol;
using StackExchange.Redis;

namespace Foresight.Matching.SettlementTerm;

/// <summary>A figure that cannot be read is null, because a chart must not show an outage as a quiet market.</summary>
public sealed record HistorySample(
    double? OrdersPerSecond,
    double? TradesPerSecond,
    double? CommitP50Ms,
    double? CommitP99Ms,
    int? HubConnections,
    IReadOnlyList<string> Problems
)
{
    /// <param name="leaders">Of each shard; null: none, or it does not answer.</param>
    /// <param name="nodes">Null: the registry cannot be read.</param>
    public static HistorySample Of(
        IReadOnlyList<MatchingNodeStatus?> leaders,
        IReadOnlyList<NodeRecord>? nodes,
        bool isHalted,
        IReadOnlyList<ChainEndpointView> endpoints
    )
    {
        // A node's figures are those of all its shards, so it counts once.
        var leading = leaders.OfType<MatchingNodeStatus>().DistinctBy(leader => leader.NodeId).ToList();
        var counted = nodes?.Where(node => node.HubConnections is not null).ToList();
        var problems = new List<string>();
        if (leaders.Any(leader => leader is null))
            problems.Add(HistoryProblems.NoLeader);
        if (isHalted)
            problems.Add(HistoryProblems.SettlementHalted);
        if (endpoints.Count > 0 && endpoints.All(endpoint => !endpoint.IsWell))
            problems.Add(HistoryProblems.ChainUnreadable);
        if (nodes is null)
            problems.Add(HistoryProblems.RegistryUnreadable);
        return new HistorySample(
            leading.Count == 0 ? null : leading.Sum(leader => leader.OrdersPerSecond),
            leading.Count == 0 ? null : leading.Sum(leader => leader.TradesPerSecond),
            leading.Max(leader => leader.CommitP50Ms),
            leading.Max(leader => leader.CommitP99Ms),
            counted is null or [] ? null : counted.Sum(node => node.HubConnections!.Value),
            problems
        );
    }
}

/// <summary>Asks the shards' leaders and the registry of nodes, so that the figures are the cluster's and not this node's.</summary>
public sealed class HistorySampler(
    LeaderRouter router,
    NodeRegistry registry,
    ChainWatch chain,
    SettlementMetrics settlement,
    ShardOptions shards,
    TimeProvider clock
)
{
    /// <summary>A node that hangs must not hold the next sample up, which is due after 10 s.</summary>
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(3);

    public async Task<HistorySample> TakeAsync(CancellationToken cancellationToken)
    {
        var readingNodes = NodesAsync(cancellationToken);
        var leaders = await Task.WhenAll(Enumerable.Range(0, shards.Count).Select(shard => LeaderAsync(shard, cancellationToken)));
        return HistorySample.Of(
            leaders,
            await readingNodes,
            settlement.Halted is not null || settlement.IsHaltedByOperator,
            chain.Endpoints
        );
    }

    private async Task<MatchingNodeStatus?> LeaderAsync(int shard, CancellationToken cancellationToken)
    {
        try
        {
            return await router.LeaderStatusAsync(shard, cancellationToken).WaitAsync(Bound, clock, cancellationToken);
        }
        catch (Exception error) when (error is TimeoutException or RedisException or Npgsql.NpgsqlException)
        {
            return null;
        }
    }

    private async Task<IReadOnlyList<NodeRecord>?> NodesAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await registry.ListAsync(cancellationToken).WaitAsync(Bound, clock, cancellationToken);
        }
        catch (Exception error) when (error is TimeoutException or RedisException)
        {
            return null;
        }
    }
}
