using Foresight.Cluster;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Hosting;
using Npgsql;
using StackExchange.Redis;

namespace Foresight.Matching.Leadership;

/// <summary>
/// Gives a node that has joined its share. A hand-over ends the term in the same way as the end of the process and waits for no lease to
/// expire. Correctness does not depend on it.
/// </summary>
internal sealed partial class ShardRebalancer(
    ShardPlacement placement,
    NodeRegistry nodes,
    ILeadershipTable table,
    NodeIdentity identity,
    TimeProvider clock,
    ILogger<ShardRebalancer> logger
) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(3);

    /// <summary>
    /// If no node accepted a hand-over, the node that seemed to have fewer shards is dead, and leaves the registry within this time.
    /// </summary>
    private static readonly TimeSpan PauseAfterRefusal = NodeRegistry.Lifetime + TimeSpan.FromSeconds(15);

    protected override async Task ExecuteAsync(CancellationToken stopping)
    {
        string? given = null;
        try
        {
            while (true)
            {
                await Task.Delay(given is not null && placement.Active().Contains(given) ? PauseAfterRefusal : Interval, clock, stopping);
                given = await StepAsync(stopping);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The process is stopping and hands over all its shards anyway.
        }
    }

    private async Task<string?> StepAsync(CancellationToken stopping)
    {
        var active = placement.Active();
        if (active.Count < 2)
            return null;
        try
        {
            var others = new List<int>();
            foreach (var node in await nodes.ListAsync(stopping))
                if (node.Kind == NodeKinds.Matching && node.NodeId != identity.Id && node.State != "draining")
                    // A node that an operator has drained would not bid for what is handed over.
                    if (!await table.IsDrainedAsync(node.NodeId, stopping))
                        others.Add(node.Leads.Count(resource => LeasedResources.ShardOf(resource) is not null));
            if (!ShardPlacementRules.ShouldHandOver(active.Count, others))
                return null;
            Log.HandsOver(logger, active[^1], active.Count);
            placement.HandOver(active[^1]);
            return active[^1];
        }
        catch (Exception error) when (error is RedisException or NpgsqlException or TimeoutException)
        {
            // Registry or database cannot be read at the moment; the next check is soon enough.
            return null;
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            // Rebalancing is optional, so its failure must not end the process.
            Log.Failed(logger, error);
            return null;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Error, "Check of the shards' placement failed; the next one follows on schedule.")]
        public static partial void Failed(ILogger logger, Exception error);

        [LoggerMessage(LogLevel.Information, "Handing over {Resource}: this node leads {Count} shards, another node at least two fewer.")]
        public static partial void HandsOver(ILogger logger, string resource, int count);
    }
}
