using System.Text.Json;
using Foresight.Contracts;
using Foresight.ServiceDefaults.Redis;
using StackExchange.Redis;

namespace Foresight.ServiceDefaults.Cluster;

/// <summary>
/// The nodes that live, in Redis: a set of ids, and per node a record that expires unless it is renewed. Everything in it is rebuilt by the
/// nodes themselves after Redis lost it.
/// </summary>
public sealed class NodeRegistry(RedisConnection redis, TimeProvider clock)
{
    /// <summary>Interval of heartbeats, and how many may be missed before a node is dropped.</summary>
    public static readonly TimeSpan HeartbeatInterval = TimeSpan.FromSeconds(15);
    public const int MissedHeartbeats = 3;

    private const string Ids = "nodes";
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(1);

    private static string InfoKey(string nodeId) => $"node:{nodeId}:info";

    /// <summary>Live nodes by id. A node whose record has expired is dropped from the registry by whoever looks first.</summary>
    /// <exception cref="RedisException">Redis cannot be read; an outage is not an empty cluster.</exception>
    /// <exception cref="TimeoutException">Redis does not answer.</exception>
    public async Task<IReadOnlyList<NodeRecord>> ListAsync(CancellationToken cancellation = default)
    {
        var ids = await redis.Database.SetMembersAsync(redis.Key(Ids)).WaitAsync(Timeout, clock, cancellation);
        if (ids.Length == 0) return [];
        var values = await redis.Database.StringGetAsync([.. ids.Select(id => (RedisKey)redis.Key(InfoKey(id!)))]).WaitAsync(
            Timeout, clock, cancellation);
        var nodes = new List<NodeRecord>(ids.Length);
        for (var i = 0; i < ids.Length; i++)
        {
            if (values[i].IsNullOrEmpty) await DropAsync(ids[i]!, cancellation);
            else if (JsonSerializer.Deserialize<NodeRecord>((string)values[i]!, JsonSerializerOptions.Web) is { } node) nodes.Add(node);
        }

        return [.. nodes.OrderBy(node => node.Kind, StringComparer.Ordinal).ThenBy(node => node.NodeId, StringComparer.Ordinal)];
    }

    /// <summary>
    /// Says that the node lives, for the next <see cref="MissedHeartbeats"/> intervals. True if the registry did not know it.
    /// </summary>
    public async Task<bool> AnnounceAsync(NodeRecord node, CancellationToken cancellation = default)
    {
        var body = JsonSerializer.Serialize(node, JsonSerializerOptions.Web);
        await redis.Database.StringSetAsync(redis.Key(InfoKey(node.NodeId)), body, HeartbeatInterval * MissedHeartbeats).WaitAsync(
            Timeout, clock, cancellation);
        return await redis.Database.SetAddAsync(redis.Key(Ids), node.NodeId).WaitAsync(Timeout, clock, cancellation);
    }

    /// <summary>The record under this id, if any.</summary>
    public async Task<NodeRecord?> FindAsync(string nodeId, CancellationToken cancellation = default)
    {
        var value = await redis.Database.StringGetAsync(redis.Key(InfoKey(nodeId))).WaitAsync(Timeout, clock, cancellation);
        return value.IsNullOrEmpty ? null : JsonSerializer.Deserialize<NodeRecord>((string)value!, JsonSerializerOptions.Web);
    }

    /// <summary>Removes the node; only the first caller who does so tells the others.</summary>
    public async Task DropAsync(string nodeId, CancellationToken cancellation = default)
    {
        await redis.Database.KeyDeleteAsync(redis.Key(InfoKey(nodeId))).WaitAsync(Timeout, clock, cancellation);
        if (await redis.Database.SetRemoveAsync(redis.Key(Ids), nodeId).WaitAsync(Timeout, clock, cancellation))
            redis.Publish(Channels.ClusterEvents, new ClusterEvent("node_left", nodeId, 0, clock.GetUtcNow(), null));
    }
}
