using Foresight.Protocol;

namespace Foresight.Console.Problems;

/// <summary>
/// What one reading does not show: how often the chain's head moves, who was there before, and the start of what has none of its own.
/// Shared by all operators; while no page is open nothing is observed.
/// </summary>
public sealed class ProblemMemory
{
    /// <summary>A node that went for good is forgotten then: it was taken away on purpose, or an operator has long seen it.</summary>
    public static readonly TimeSpan NodesKept = TimeSpan.FromHours(1);

    /// <summary>After a longer pause between two readings nothing can be concluded from what has not moved in between.</summary>
    public static readonly TimeSpan LongestGap = TimeSpan.FromSeconds(15);

    private const int KeptPauses = 20;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, DateTimeOffset> _since = [];
    private readonly Dictionary<string, NodeRecord> _nodes = [];
    private readonly Dictionary<string, (DateTimeOffset Heartbeat, DateTimeOffset SeenAt)> _heartbeats = [];
    private readonly Queue<TimeSpan> _pauses = new();
    private DateTimeOffset? _observedAt;
    private (long Block, DateTimeOffset At)? _head;
    private IReadOnlyList<NodeRecord> _missing = [];

    /// <summary>As they were last announced: nodes that are silent, or not announced any more, and were not replaced.</summary>
    public IReadOnlyList<NodeRecord> Missing
    {
        get
        {
            lock (_gate)
                return _missing;
        }
    }

    public IReadOnlyList<Problem> Observe(AdminOverview overview, DateTimeOffset now)
    {
        lock (_gate)
        {
            if (_observedAt is { } before && now - before > LongestGap)
            {
                _head = null;
                _heartbeats.Clear();
                _since.Clear();
            }

            _observedAt = now;
            if (overview.Settlement is { } settlement)
                Follow(settlement, now);
            _missing = MissingOf(overview.Cluster, now);
            var missing = _missing.Select(node => new MissingNode(node.NodeId, node.Kind, node.HeartbeatAt)).ToList();
            return Dated(ProblemRules.Of(new ProblemFacts(now, overview, null, null, MovesOf(overview.Settlement, now), missing)), now);
        }
    }

    /// <summary>No Api node answers, so nothing else is known.</summary>
    public IReadOnlyList<Problem> ObserveOutage(string reason, DateTimeOffset since, DateTimeOffset now)
    {
        lock (_gate)
            return Dated(ProblemRules.Of(new ProblemFacts(now, null, reason, since, null, [])), now);
    }

    private void Follow(SettlementView settlement, DateTimeOffset now)
    {
        // By the clock that wrote it: of two readings a second apart one may have missed a block, and the next have two.
        var moved = settlement.HeadAge is { } age ? now - age : now;
        if (_head is not { } head)
            _head = (settlement.HeadBlock, moved);
        else if (head.Block != settlement.HeadBlock)
        {
            _pauses.Enqueue((moved - head.At) / Math.Max(1, settlement.HeadBlock - head.Block));
            if (_pauses.Count > KeptPauses)
                _pauses.Dequeue();
            _head = (settlement.HeadBlock, moved);
        }
    }

    /// <summary>
    /// The median pause, because one long one, as of a chain that stood still, is not the usual.
    /// </summary>
    private HeadMoves? MovesOf(SettlementView? settlement, DateTimeOffset now) =>
        _head is not { } head || settlement is null
            ? null
            : new HeadMoves(
                head.At,
                _pauses.Count == 0 ? null : _pauses.Order().ElementAt(_pauses.Count / 2),
                settlement.HeadAge - settlement.ReportAge
            );

    private IReadOnlyList<NodeRecord> MissingOf(ClusterStatus? cluster, DateTimeOffset now)
    {
        if (cluster is null or { Redis.State: SourceView.Down })
        {
            // Unread is not silent: when Redis is back, every node has its time for a heartbeat.
            _heartbeats.Clear();
            return [];
        }

        var present = cluster.Nodes.Where(node => !IsSilent(node, now)).ToDictionary(node => node.NodeId);
        foreach (var past in _heartbeats.Keys.Except(cluster.Nodes.Select(node => node.NodeId)).ToList())
            _heartbeats.Remove(past);
        foreach (var node in cluster.Nodes)
            _nodes[node.NodeId] = node;
        foreach (var old in _nodes.Values.Where(node => now - node.HeartbeatAt > NodesKept).ToList())
            _nodes.Remove(old.NodeId);

        // A node that drained left on purpose; one that was replaced by another of its kind is not missed.
        return
        [
            .. _nodes
                .Values.GroupBy(node => node.Kind)
                .SelectMany(kind =>
                {
                    var gone = kind.Where(node => !present.ContainsKey(node.NodeId) && node.State != NodeStates.Draining)
                        .OrderByDescending(node => node.HeartbeatAt)
                        .ToList();
                    var newcomers = kind.Count(node =>
                        present.ContainsKey(node.NodeId) && gone.Any(other => node.StartedAt > other.HeartbeatAt)
                    );
                    return gone.Skip(Math.Min(newcomers, gone.Count));
                }),
        ];
    }

    /// <summary>Whether the heartbeat has changed, by this console's clock, and not how old it is: the nodes' clocks may differ.</summary>
    private bool IsSilent(NodeRecord node, DateTimeOffset now)
    {
        if (!_heartbeats.TryGetValue(node.NodeId, out var last) || last.Heartbeat != node.HeartbeatAt)
            _heartbeats[node.NodeId] = last = (node.HeartbeatAt, now);
        return node.HeartbeatMs is { } pause && now - last.SeenAt >= TimeSpan.FromMilliseconds(pause) * NodeRecord.MissedHeartbeats;
    }

    private IReadOnlyList<Problem> Dated(IReadOnlyList<Problem> problems, DateTimeOffset now)
    {
        foreach (var past in _since.Keys.Except(problems.Select(problem => problem.Key)).ToList())
            _since.Remove(past);
        foreach (var problem in problems)
            _since.TryAdd(problem.Key, now);
        return [.. problems.Select(problem => problem with { Since = problem.Since ?? _since[problem.Key] })];
    }
}
