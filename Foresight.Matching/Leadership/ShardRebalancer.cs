using Foresight.Cluster;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Hosting;
using StackExchange.Redis;

namespace Foresight.Matching.Leadership;

/// <summary>
/// Gives a shard away, one at a time, while another node leads at least two fewer: a node that has joined gets its part. It goes as at the
/// end of a process, without waiting for a lease. Nothing depends on it.
/// </summary>
internal sealed partial class ShardRebalancer(
    ShardPlacement placement,
    NodeRegistry nodes,
    NodeIdentity identity,
    TimeProvider clock,
    ILogger<ShardRebalancer> logger
) : BackgroundService
{
    /// <summary>Between two looks, and at least between two shards that are given away.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(3);

    /// <summary>After a shard that nobody took: the node that seemed to be there is dead, and leaves the registry within this.</summary>
    private static readonly TimeSpan PauseAfterRefusal = NodeRegistry.HeartbeatInterval * (NodeRegistry.MissedHeartbeats + 1);

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
            // The process ends, and gives all its shards away.
        }
    }

    /// <returns>The shard that was given away; null if none was.</returns>
    private async Task<string?> StepAsync(CancellationToken stopping)
    {
        var active = placement.Active();
        if (active.Count < 2)
            return null;
        try
        {
            var others = (await nodes.ListAsync(stopping))
                .Where(node => node.Kind == "matching" && node.NodeId != identity.Id && node.State != "draining")
                .Select(node => node.Leads.Count(resource => LeasedResources.ShardOf(resource) is not null))
                .ToList();
            if (!ShardPlacementRules.ShouldHandOver(active.Count, others))
                return null;
            Log.HandsOver(logger, active[^1], active.Count);
            placement.HandOver(active[^1]);
            return active[^1];
        }
        catch (Exception error) when (error is RedisException or TimeoutException)
        {
            // Who is there cannot be known now; there is no hurry.
            return null;
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            // Nothing depends on this, so it must not end the process.
            Log.Failed(logger, error);
            return null;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Error, "A look at who leads how many shards failed; the next one comes.")]
        public static partial void Failed(ILogger logger, Exception error);

        [LoggerMessage(LogLevel.Information, "This node leads {Count} shards and another at least two fewer: it gives {Resource} away.")]
        public static partial void HandsOver(ILogger logger, string resource, int count);
    }
}
