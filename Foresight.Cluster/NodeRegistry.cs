using System.Collections.Concurrent;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Hosting;
using Foresight.ServiceDefaults.Redis;
using Foresight.ServiceDefaults.Trust;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Foresight.Cluster;

/// <summary>
/// A node's record expires unless it is renewed. The nodes restore everything after Redis has lost it, or after a write by an enemy. A
/// damaged record does not hide its node: the last genuine one counts for the rest of its time.
/// </summary>
public sealed partial class NodeRegistry(
    IDatabase redis,
    SignedHints hints,
    INotices notices,
    TimeProvider clock,
    ILogger<NodeRegistry> logger
)
{
    /// <summary>
    /// Two may be lost before a reader calls the node silent, which an operator sees within 5 s of its death (docs/decisions/0714).
    /// </summary>
    public static readonly TimeSpan HeartbeatInterval = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Much longer than the heartbeats: a node that is silent may be paused, and Redis may be away for a while without all nodes being
    /// forgotten.
    /// </summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(45);

    /// <summary>A set of ids with more was written by an enemy, so it is deleted; live nodes add themselves again.</summary>
    public const int MaximumNodes = 256;

    private const string Ids = "nodes";
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Most bytes of the set in the server's memory. <see cref="MaximumNodes"/> ids take 50 KB; an enemy's may have megabytes each, and
    /// must not be fetched.
    /// </summary>
    private const int MaximumBytes = 256 * 1024;

    private readonly ConcurrentDictionary<string, (NodeRecord Record, long ReadAt)> _known = new();

    private volatile string? _refused;

    private static string InfoKey(string nodeId) => $"node:{nodeId}:info";

    /// <summary>
    /// A dead node cannot remove itself, so the first caller to find its record expired does. What stands in Redis may have been written or
    /// deleted by an enemy: a node whose last record cannot have expired is still listed, and only one that was known has left.
    /// </summary>
    /// <exception cref="RedisException">Redis cannot be read; an outage must not look like an empty cluster.</exception>
    /// <exception cref="TimeoutException">Redis does not answer.</exception>
    public async Task<IReadOnlyList<NodeRecord>> ListAsync(CancellationToken cancellationToken = default)
    {
        // A server whose memory is full answers reads, and every record in it expires unrenewed: the cluster would look empty.
        if (_refused is { } reason)
            throw new RedisException($"Redis takes no records: {reason}");
        var announced = await IdsAsync(cancellationToken);
        string[] ids = [.. announced.Union(_known.Keys)];
        var values = await Task.WhenAll(ids.Select(id => ReadAsync(id, cancellationToken)));
        var nodes = new List<NodeRecord>(ids.Length);
        for (var i = 0; i < ids.Length; i++)
        {
            if ((Believed(ids[i], values[i]) ?? (announced.Contains(ids[i]) ? NotExpired(ids[i]) : null)) is { } node)
                nodes.Add(node);
            else if (_known.TryRemove(ids[i], out _))
                await DropAsync(ids[i], cancellationToken);
            else
                await RemoveAsync(ids[i], cancellationToken);
        }

        return [.. nodes.OrderBy(node => node.Kind, StringComparer.Ordinal).ThenBy(node => node.NodeId, StringComparer.Ordinal)];
    }

    /// <summary>
    /// The record expires unless it is renewed, so that a process that dies disappears. If the registry did not have the node, the
    /// others are notified.
    /// </summary>
    public async Task AnnounceAsync(NodeRecord node, CancellationToken cancellationToken = default)
    {
        var key = InfoKey(node.NodeId);
        try
        {
            await redis.StringSetAsync(key, hints.Sign(key, node), Lifetime).AnsweredAsync(Timeout, clock, cancellationToken);
            _refused = null;
        }
        catch (RedisServerException refusal)
        {
            _refused = refusal.Message;
            throw;
        }

        if (await OfIdsAsync(() => redis.SetAddAsync(Ids, node.NodeId), cancellationToken))
            Tell("node_joined", node.NodeId, node.Kind);
    }

    /// <summary>Null if there is no record of this id or it cannot be believed.</summary>
    public async Task<NodeRecord?> FindAsync(string nodeId, CancellationToken cancellationToken = default) =>
        Believed(nodeId, await ReadAsync(nodeId, cancellationToken));

    /// <summary>From memory, so that it is known while Redis is away.</summary>
    public int CountKnown(string kind) => _known.Values.Count(node => node.Record.Kind == kind);

    /// <summary>Several nodes may find it dead at once, so only the one that removes it notifies the others.</summary>
    public async Task DropAsync(string nodeId, CancellationToken cancellationToken = default)
    {
        _known.TryRemove(nodeId, out _);
        if (await RemoveAsync(nodeId, cancellationToken))
            Tell("node_left", nodeId, detail: null);
    }

    private async Task<bool> RemoveAsync(string nodeId, CancellationToken cancellationToken)
    {
        await redis.KeyDeleteAsync(InfoKey(nodeId)).AnsweredAsync(Timeout, clock, cancellationToken);
        return await redis.SetRemoveAsync(Ids, nodeId).AnsweredAsync(Timeout, clock, cancellationToken);
    }

    private void Tell(string kind, string nodeId, string? detail) =>
        notices.Publish(NoticeTopics.Cluster, new ClusterEvent(kind, nodeId, 0, clock.GetUtcNow(), detail));

    private async Task<IReadOnlySet<string>> IdsAsync(CancellationToken cancellationToken)
    {
        // Plain commands, because the right to run scripts is the right to stop the server by one that does not end. What changes between
        // two of them costs at most one heartbeat.
        var count = await OfIdsAsync(() => redis.SetLengthAsync(Ids), cancellationToken);
        var bytes = count > MaximumNodes ? (RedisResult?)null : await MemoryOfIdsAsync(cancellationToken);
        if (bytes is null || (!bytes.IsNull && (long)bytes > MaximumBytes))
        {
            Log.TooManyIds(logger);
            await redis.KeyDeleteAsync(Ids).AnsweredAsync(Timeout, clock, cancellationToken);
            // Without the set, the nodes that were seen before; the others come back with their next heartbeat.
            return _known.Keys.ToHashSet();
        }

        var ids = await OfIdsAsync(() => redis.SetMembersAsync(Ids), cancellationToken);
        // A longer id is no node's, and would otherwise be announced as a node that left.
        var tooLong = ids.Where(id => id.Length() > NodeIdentity.MaximumLength).ToArray();
        if (tooLong.Length > 0)
            await redis.SetRemoveAsync(Ids, tooLong).AnsweredAsync(Timeout, clock, cancellationToken);
        return ids.Except(tooLong).Select(id => id.ToString()).ToHashSet();
    }

    /// <summary>Counts every member: by default Redis samples a few, among which an attacker's huge one may not be.</summary>
    private Task<RedisResult> MemoryOfIdsAsync(CancellationToken cancellationToken) =>
        redis.ExecuteAsync("MEMORY", "USAGE", (RedisKey)Ids, "SAMPLES", 0).AnsweredAsync(Timeout, clock, cancellationToken);

    private Task<RedisValue> ReadAsync(string nodeId, CancellationToken cancellationToken) =>
        SignedHints.FetchAsync(redis, InfoKey(nodeId), Timeout, clock, cancellationToken);

    /// <summary>
    /// The node's last record, if it cannot have expired yet: then somebody has deleted it, and the node writes it again with its next
    /// heartbeat.
    /// </summary>
    private NodeRecord? NotExpired(string nodeId) =>
        Remembered(nodeId) is { } last && clock.GetUtcNow() - last.HeartbeatAt < Lifetime ? last : null;

    private NodeRecord? Believed(string nodeId, RedisValue value)
    {
        if (value.IsNullOrEmpty)
            return null;
        var node = hints.Read<NodeRecord>(HintKinds.Node, InfoKey(nodeId), value, Lifetime);
        if (node is not null && node.NodeId == nodeId && IsWhole(node))
        {
            _known[nodeId] = (node, clock.GetTimestamp());
            return node;
        }

        if (node is not null)
            hints.Refuse(HintKinds.Node, InfoKey(nodeId), HintRefusal.Implausible);
        return Remembered(nodeId);
    }

    /// <summary>By this process's own clock, so that no record is remembered for longer because of a time that it claims.</summary>
    private NodeRecord? Remembered(string nodeId) =>
        _known.TryGetValue(nodeId, out var last) && clock.GetElapsedTime(last.ReadAt) < Lifetime ? last.Record : null;

    private static bool IsWhole(NodeRecord node) =>
        node is { Kind: not null, Address: not null, State: not null, Version: not null, Leads: not null } && !node.Leads.Contains(null);

    /// <summary>If the key is not a set, no node could ever be announced again, so it is deleted and the command repeated.</summary>
    private async Task<T> OfIdsAsync<T>(Func<Task<T>> ask, CancellationToken cancellationToken)
    {
        try
        {
            return await ask().AnsweredAsync(Timeout, clock, cancellationToken);
        }
        catch (RedisServerException error) when (error.IsWrongType())
        {
            Log.NoSet(logger);
            // Another node may have replaced it already.
            if (await redis.KeyTypeAsync(Ids).AnsweredAsync(Timeout, clock, cancellationToken) != RedisType.Set)
                await redis.KeyDeleteAsync(Ids).AnsweredAsync(Timeout, clock, cancellationToken);
            return await ask().AnsweredAsync(Timeout, clock, cancellationToken);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "Key of the node ids in Redis is not a set (written by hand?); deleted it.")]
        public static partial void NoSet(ILogger logger);

        [LoggerMessage(LogLevel.Warning, "Set of the node ids in Redis is larger than a cluster's can be (forged?); deleted it.")]
        public static partial void TooManyIds(ILogger logger);
    }
}
