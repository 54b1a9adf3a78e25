using System.Text.Json.Serialization;

namespace Foresight.Contracts;

// The door: how Api nodes (and the settlement loop) hand commands to the leader. POST {leader}/door/commands over HTTP/2 without TLS inside
// the cluster, header X-Foresight-Cluster with the cluster secret, JSON body. All of a batch is committed before the answer comes.
// GET /door/status?shard=: MatchingNodeStatus. GET /door/state?shard=: StateProof.

public enum DoorCommandKind
{
    Place = 1,
    CancelBySalt = 2,
    CancelByHash = 3,
    SettleTrade = 4,
    BustTrade = 5,
    ObserveBalance = 6,
    SetMarketState = 7,
    CancelAllOfMarket = 8,

    /// <summary>Somebody filled a resting order directly on chain. Cancel names the order; Chain.Units is how much, in all.</summary>
    ReduceOrder = 9,

    /// <summary>Changes what the shard is allotted of an account's collateral.</summary>
    AllotCollateral = 10,
}

/// <param name="RequestId">
/// Names the request, not the order: a command that comes twice with one RequestId is applied once, and both get the same answer.
/// </param>
/// <param name="Deadline">The leader does not sequence it after this; the answer is then <see cref="DoorStatus.Late"/>.</param>
/// <param name="Shard">Whose leader it is for: that of its market or trade.</param>
/// <param name="TraceParent">W3C traceparent of the caller's span; null when it is not sampled.</param>
public sealed record DoorCommand(
    Guid RequestId, DoorCommandKind Kind, DateTimeOffset Deadline, DoorOrder? Order = null, DoorCancel? Cancel = null,
    DoorChain? Chain = null,
    DoorMarket? Market = null, int Shard = 0,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? TraceParent = null);

/// <summary>A checked order: the edge has verified shape, signature and expiry. Bytes as 0x hex.</summary>
/// <param name="Hash">EIP-712 order hash, lower case.</param>
/// <param name="Salt">uint256, decimal.</param>
/// <param name="ExpirySeconds">0: never.</param>
public sealed record DoorOrder(
    string Hash, string Maker, int MarketId, int Outcome, bool IsBuy, int PriceTicks, long Lots, string Salt, long ExpirySeconds,
    string Signature,
    int TimeInForce, bool PostOnly, int SelfTradePrevention, string? ClientOrderId, string? IdempotencyKey);

/// <param name="Hash">CancelByHash, ReduceOrder: the order. Else null.</param>
/// <param name="Salt">CancelBySalt: uint256, decimal. Else null.</param>
public sealed record DoorCancel(string Maker, int MarketId, string? Hash, string? Salt);

/// <param name="Address">ObserveBalance: whose.</param>
/// <param name="MarketId">ObserveBalance of shares; 0 for collateral.</param>
/// <param name="Outcome">255 for collateral.</param>
/// <param name="Units">Micro-USDC or lots. AllotCollateral: how much more, or less, the shard has from now on.</param>
/// <param name="Reason">BustTrade: why, as in trades.settlement_reason.</param>
/// <param name="OnlyFree">AllotCollateral: takes no more than what neither orders nor trades hold, and says how much that was.</param>
public sealed record DoorChain(
    long TradeId, string? Address, int MarketId, int Outcome, long Units, long Block, string? Reason, bool OnlyFree = false);

/// <param name="State">0 open, 1 paused, 2 closed, 3 resolved.</param>
public sealed record DoorMarket(int MarketId, int State, int WinningOutcome);

public enum DoorStatus
{
    /// <summary>Committed.</summary>
    Accepted = 0,

    /// <summary>Sequenced and refused by the exchange (committed too), or refused before sequencing; see the code.</summary>
    Rejected = 1,

    /// <summary>The order is in the journal already, by another request.</summary>
    Duplicate = 2,

    /// <summary>This node does not lead; nothing was done. Try the leader.</summary>
    NotLeader = 3,

    /// <summary>The commit's outcome is unknown. Ask again with the same RequestId; never assume.</summary>
    InDoubt = 4,

    /// <summary>The deadline had passed, or the queue was full; nothing was done.</summary>
    Late = 5,
}

/// <param name="Code">A problem code when rejected.</param>
/// <param name="Cancelled">Hashes of the orders that a cancel removed.</param>
/// <param name="OrderHash">The order that was placed; tells a retry of a request from another order under the same idempotency key.</param>
/// <param name="Units">AllotCollateral: by how much what the shard has was changed.</param>
public sealed record DoorResult(
    Guid RequestId, DoorStatus Status, string? Code, long Epoch, long Sequence, string? OrderStatus = null, long FilledLots = 0,
    long RemainingLots = 0,
    IReadOnlyList<DoorFill>? Fills = null, IReadOnlyList<string>? Cancelled = null, string? CommitLsn = null, string? OrderHash = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? Units = null);

public sealed record DoorFill(long TradeId, int PriceTicks, long Lots, bool IsTaker);

/// <param name="SentAt">
/// The sender's clock when it sent the batch. With it a deadline is a span, so the two clocks need not agree. Null: they are taken to
/// agree.
/// </param>
public sealed record DoorBatch(IReadOnlyList<DoorCommand> Commands, DateTimeOffset? SentAt = null);

public sealed record DoorAnswer(string NodeId, string? LeaderAddress, IReadOnlyList<DoorResult> Results);

/// <summary>The live engine's state hash at a journal position, to be compared with a replay.</summary>
public sealed record StateProof(string NodeId, long Epoch, long Sequence, string StateHash, int Shard = 0);
