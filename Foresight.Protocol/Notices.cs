namespace Foresight.Protocol;

// Over the SignalR backplane, from any node or service to every Api node and on to the clients of its hub. A notice is sealed by its
// sender, not ordered, and may be lost: it signals a change, and the Api has the facts. Clients are strangers, so none contains an address
// of a node, a person's name, or anything else that only operators may see.

public static class NoticeTopics
{
    public const string Cluster = "cluster";
    public const string Chain = "chain";
    public const string Markets = "markets";

    public const string Notices = "notices";

    public static IReadOnlyList<string> All { get; } = [Cluster, Chain, Markets, Notices];
}

/// <param name="Kind">
/// leader_elected, leader_lost, node_joined, node_left, replica_out, replica_back, settlement_halted, reconciliation_finished,
/// discrepancy_changed, market_act, operator_act.
/// </param>
/// <param name="NodeId">For replica_out and replica_back the node that observed it, because each judges by itself.</param>
/// <param name="Epoch">Epoch of a leader's term; 0 for other kinds.</param>
/// <param name="Detail">
/// Resource of a leader, kind of a node that joined, name of a replica, or one of <see cref="OperatorSubjects"/> that was acted on.
/// </param>
public sealed record ClusterEvent(string Kind, string NodeId, long Epoch, DateTimeOffset At, string? Detail);

/// <param name="Kind">
/// block: the chain's head is Block. finality: everything up to Block is confirmed and applied. reorganisation: blocks above Block were
/// undone. settlement: Trades trades became State (batched, broadcast, mined, final, failed).
/// </param>
/// <param name="Block">0 for kind settlement.</param>
public sealed record ChainEvent(string Kind, long Block, DateTimeOffset At, int Trades = 0, string? State = null);

/// <param name="WinningOutcome">Null unless resolved.</param>
/// <param name="Epoch">
/// Together with Sequence the position in the journal of the market's shard, whose commit comes before the notice.
/// </param>
public sealed record MarketStateEvent(int Market, string State, int? WinningOutcome, long Epoch, long Sequence);

/// <param name="Kind">operator: text of an operator. planned_end: a node has been asked to stop.</param>
/// <param name="NodeId">Node that stops, or that accepted the operator's text.</param>
/// <param name="Text">Up to <see cref="MaxText"/> characters.</param>
public sealed record Notice(string Kind, string NodeId, string Text, DateTimeOffset At)
{
    public const int MaxText = 500;
}

public sealed record NoticeRequest(string? Text);
