using System.Text.Json;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Redis;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Foresight.Cluster;

/// <summary>
/// The live nodes, in Redis: a set of ids, and a record per node that expires unless it is renewed. The nodes restore everything in it
/// after Redis has lost it, or after a write by hand: a malformed record is removed as if it had expired.
/// </summary>
public sealed partial class NodeRegistry(IDatabase redis, INotices notices, TimeProvider clock, ILogger<NodeRegistry> logger)
{
    /// <summary>Interval of heartbeats; a node is removed after <see cref="MissedHeartbeats"/> of them are missing.</summary>
    public static readonly TimeSpan HeartbeatInterval = TimeSpan.FromSeconds(15);
    public const int MissedHeartbeats = 3;

    private const string Ids = "nodes";
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(1);

    private const string DropUnlessSet = "if redis.call('TYPE', KEYS[1]).ok ~= 'set' then redis.call('DEL', KEYS[1]) end";

    private static string InfoKey(string nodeId) => $"node:{nodeId}:info";

    /// <summary>Lists the live nodes. The first caller to find an expired record removes its node.</summary>
    /// <exception cref="RedisException">Redis cannot be read; an outage must not look like an empty cluster.</exception>
    /// <exception cref="TimeoutException">Redis does not answer.</exception>
    public async Task<IReadOnlyList<NodeRecord>> ListAsync(CancellationToken cancellationToken = default)
    {
        var ids = await OfIdsAsync(() => redis.SetMembersAsync(Ids), cancellationToken);
        if (ids.Length == 0)
            return [];
        var values = await redis
            .StringGetAsync([.. ids.Select(id => (RedisKey)InfoKey(id!))])
            .AnsweredAsync(Timeout, clock, cancellationToken);
        var nodes = new List<NodeRecord>(ids.Length);
        for (var i = 0; i < ids.Length; i++)
        {
            if (Parse(values[i], ids[i]!) is { } node)
            {
                nodes.Add(node);
                continue;
            }

            if (!values[i].IsNullOrEmpty)
                Log.NoRecord(logger, ids[i]!);
            await DropAsync(ids[i]!, cancellationToken);
        }

        return [.. nodes.OrderBy(node => node.Kind, StringComparer.Ordinal).ThenBy(node => node.NodeId, StringComparer.Ordinal)];
    }

    /// <summary>
    /// Renews the node's record for the next <see cref="MissedHeartbeats"/> intervals. If the registry did not have it, the other nodes are
    /// notified.
    /// </summary>
    public async Task AnnounceAsync(NodeRecord node, CancellationToken cancellationToken = default)
    {
        var body = JsonSerializer.Serialize(node, JsonSerializerOptions.Web);
        await redis
            .StringSetAsync(InfoKey(node.NodeId), body, HeartbeatInterval * MissedHeartbeats)
            .AnsweredAsync(Timeout, clock, cancellationToken);
        if (await OfIdsAsync(() => redis.SetAddAsync(Ids, node.NodeId), cancellationToken))
            Tell("node_joined", node.NodeId, node.Kind);
    }

    /// <summary>Returns the record of this id; null if there is none or it is malformed.</summary>
    public async Task<NodeRecord?> FindAsync(string nodeId, CancellationToken cancellationToken = default)
    {
        var value = await redis.StringGetAsync(InfoKey(nodeId)).AnsweredAsync(Timeout, clock, cancellationToken);
        return Parse(value, nodeId);
    }

    /// <summary>Removes the node; only the first caller to do so notifies the others.</summary>
    public async Task DropAsync(string nodeId, CancellationToken cancellationToken = default)
    {
        await redis.KeyDeleteAsync(InfoKey(nodeId)).AnsweredAsync(Timeout, clock, cancellationToken);
        if (await redis.SetRemoveAsync(Ids, nodeId).AnsweredAsync(Timeout, clock, cancellationToken))
            Tell("node_left", nodeId, detail: null);
    }

    private void Tell(string kind, string nodeId, string? detail) =>
        notices.Publish(NoticeTopics.Cluster, new ClusterEvent(kind, nodeId, 0, clock.GetUtcNow(), detail));

    private static NodeRecord? Parse(RedisValue value, string nodeId)
    {
        if (value.IsNullOrEmpty)
            return null;
        try
        {
            var node = JsonSerializer.Deserialize<NodeRecord>((string)value!, JsonSerializerOptions.Web);
            var isWhole =
                node is { Kind: not null, Address: not null, State: not null, Version: not null, Leads: not null }
                && !node.Leads.Contains(null);
            return isWhole && node!.NodeId == nodeId ? node : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>
    /// Runs a command on the set of ids. If the key is not a set, no node could ever be announced again: the key is deleted and the command
    /// repeated.
    /// </summary>
    private async Task<T> OfIdsAsync<T>(Func<Task<T>> ask, CancellationToken cancellationToken)
    {
        try
        {
            return await ask().AnsweredAsync(Timeout, clock, cancellationToken);
        }
        catch (RedisServerException error) when (error.Message.StartsWith("WRONGTYPE", StringComparison.Ordinal))
        {
            Log.NoSet(logger);
            await redis.ScriptEvaluateAsync(DropUnlessSet, [Ids]).AnsweredAsync(Timeout, clock, cancellationToken);
            throw;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "Record of node {NodeId} in Redis is malformed (written by hand?); removed it.")]
        public static partial void NoRecord(ILogger logger, string nodeId);

        [LoggerMessage(LogLevel.Warning, "Key of the node ids in Redis is not a set (written by hand?); deleted it.")]
        public static partial void NoSet(ILogger logger);
    }
}
