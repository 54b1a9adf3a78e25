using Foresight.Cluster;
using Foresight.Cluster.Proof;
using Foresight.Protocol;
using StackExchange.Redis;

namespace Foresight.Api.Operations.Acts;

/// <summary>Matching nodes whose signed records in Redis are fresh.</summary>
public sealed class MatchingNodes(NodeRegistry registry, TimeProvider clock)
{
    /// <returns>Null if the registry cannot be read; an outage must not look like an empty cluster.</returns>
    public async Task<IReadOnlyList<string>?> AliveAsync(CancellationToken cancellationToken)
    {
        try
        {
            var now = clock.GetUtcNow();
            return [.. (await registry.ListAsync(cancellationToken)).Where(node => IsAlive(node, now)).Select(node => node.NodeId)];
        }
        catch (Exception error) when (error is RedisException or TimeoutException)
        {
            return null;
        }
    }

    public static bool IsAlive(NodeRecord node, DateTimeOffset now) =>
        node.Kind == NodeKinds.Matching
        && node.State != NodeStates.Draining
        // A node of an earlier version names no pause, and counts as long as its record lives.
        && (
            node.HeartbeatMs is not { } pause
            || (now - node.HeartbeatAt).Duration() < TimeSpan.FromMilliseconds(pause) * NodeRecord.MissedHeartbeats + ClockDifference
        );

    /// <summary>Heartbeats bear their node's own clock.</summary>
    private static readonly TimeSpan ClockDifference = TimeSpan.FromSeconds(5);
}
