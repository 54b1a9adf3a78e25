using Foresight.Protocol;

namespace Foresight.Console.Problems;

/// <summary>
/// What one reading does not show: since when something is so, whether the chain moves, who was there before. Shared by all operators;
/// while no page is open nothing is observed.
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
    private (long Settled, DateTimeOffset At)? _settled;
    private DateTimeOffset? _comparedAt;
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
                (_head, _settled, _comparedAt) = (null, null, null);
                _heartbeats.Clear();
            }

            _observedAt = now;
            if (overview.Settlement is { } settlement)
                Follow(settlement, now);
            if (overview.Reconciliation is { LastRun: { } run })
                _comparedAt = run.State == RunStates.Succeeded ? run.FinishedAt ?? now : _comparedAt ?? now;
            _missing = MissingOf(overview.Cluster, now);
            var missing = _missing.Select(node => new MissingNode(node.NodeId, node.Kind, node.HeartbeatAt)).ToList();
            return Dated(ProblemRules.Of(new ProblemFacts(now, overview, null, null, Moves(), _settled?.At, _comparedAt, missing)), now);
        }
    }

    /// <summary>No Api node answers, so nothing else is known.</summary>
    public IReadOnlyList<Problem> ObserveOutage(string reason, DateTimeOffset since, DateTimeOffset now)
    {
        lock (_gate)
            return Dated(ProblemRules.Of(new ProblemFacts(now, null, reason, since, null, null, null, [])), now);
    }

    private void Follow(SettlementView settlement, DateTimeOffset now)
    {
        if (_head is not { } head)
            _head = (settlement.HeadBlock, now);
        else if (head.Block != settlement.HeadBlock)
        {
            _pauses.Enqueue(now - head.At);
            if (_pauses.Count > KeptPauses)
                _pauses.Dequeue();
            _head = (settlement.HeadBlock, now);
        }

        var settled = settlement.TradesByState.Where(state => !TradeStates.IsUnsettled(state.Key)).Sum(state => state.Value);
        var isWaiting = settlement.TradesByState.Any(state => TradeStates.IsUnsettled(state.Key) && state.Value > 0);
        if (_settled is not { } known || known.Settled != settled || !isWaiting)
            _settled = (settled, now);
    }

    /// <summary>The median, because one long pause, as of a chain that stood still, is not the usual one.</summary>
    private HeadMoves? Moves() =>
        _head is not { } head ? null
        : _pauses.Count == 0 ? new HeadMoves(head.At, UsualPause: null)
        : new HeadMoves(head.At, _pauses.Order().ElementAt(_pauses.Count / 2));

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
