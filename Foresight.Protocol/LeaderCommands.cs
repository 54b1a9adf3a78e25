using System.Text.Json.Serialization;

namespace Foresight.Protocol;

// The protocol of the leader's gateway, used by Api nodes and the settlement loop. POST {leader}/gateway/commands over HTTP/2 without TLS
// inside the cluster, header X-Foresight-Cluster with the cluster secret, JSON body. A batch is committed before the answer is sent. GET
// /gateway/status?shard=: MatchingNodeStatus. GET /gateway/state?shard=: StateDigest.

/// <summary>
/// A command for a shard's leader. If it arrives twice with the same <see cref="RequestId"/> it is applied once, and both get the same
/// result. On the wire the member "kind" is the record's number; numbers are never reused, because the journal keeps old commands.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(PlaceOrder), 1)]
[JsonDerivedType(typeof(CancelBySalt), 2)]
[JsonDerivedType(typeof(CancelByHash), 3)]
[JsonDerivedType(typeof(SettleTrade), 4)]
[JsonDerivedType(typeof(BustTrade), 5)]
[JsonDerivedType(typeof(ObserveBalance), 6)]
[JsonDerivedType(typeof(SetMarketState), 7)]
[JsonDerivedType(typeof(CancelAllOfMarket), 8)]
[JsonDerivedType(typeof(ReduceOrder), 9)]
[JsonDerivedType(typeof(AllotCollateral), 10)]
public abstract record LeaderCommand
{
    /// <summary>Identifies the request, not the order.</summary>
    public required Guid RequestId { get; init; }

    /// <summary>Time after which the leader refuses it as <see cref="ResultStatus.Late"/>.</summary>
    public DateTimeOffset Deadline { get; init; }

    /// <summary>Shard of its market or trade.</summary>
    public int Shard { get; init; }

    /// <summary>W3C traceparent of the caller's span; null when it is not sampled.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? TraceParent { get; init; }

    [JsonIgnore]
    public string Kind => this is PlaceOrder ? "Place" : GetType().Name;
}

/// <summary>An order whose shape, signature and expiry the edge has verified. Bytes as 0x hex.</summary>
public sealed record PlaceOrder : LeaderCommand
{
    /// <summary>EIP-712 order hash, lower case.</summary>
    public required string Hash { get; init; }

    public required string Maker { get; init; }
    public required int MarketId { get; init; }
    public required int Outcome { get; init; }
    public required bool IsBuy { get; init; }
    public required int PriceTicks { get; init; }
    public required long Lots { get; init; }

    /// <summary>uint256, decimal.</summary>
    public required string Salt { get; init; }

    /// <summary>Unix seconds; 0: never.</summary>
    public long ExpirySeconds { get; init; }

    public required string Signature { get; init; }

    /// <summary>0 GTC, 1 GTD, 2 IOC, 3 FOK.</summary>
    public int TimeInForce { get; init; }

    public bool PostOnly { get; init; }

    /// <summary>0 cancel newest, 1 cancel oldest, 2 cancel both.</summary>
    public int SelfTradePrevention { get; init; }

    public string? ClientOrderId { get; init; }
    public string? IdempotencyKey { get; init; }
}

/// <summary>Cancels all orders of a maker in a market that were signed with one salt.</summary>
/// <param name="Salt">uint256, decimal.</param>
public sealed record CancelBySalt(string Maker, int MarketId, string Salt) : LeaderCommand;

public sealed record CancelByHash(string Maker, int MarketId, string Hash) : LeaderCommand;

/// <summary>Reports that a resting order was filled directly on chain.</summary>
/// <param name="FilledLots">Total since the order was made, so that a repeated report is harmless.</param>
public sealed record ReduceOrder(string Maker, int MarketId, string Hash, long FilledLots) : LeaderCommand;

/// <param name="Block">Block whose chain state includes the trade.</param>
public sealed record SettleTrade(long TradeId, long Block) : LeaderCommand;

/// <param name="Reason">As in trades.settlement_reason.</param>
public sealed record BustTrade(long TradeId, long Block, string? Reason) : LeaderCommand;

/// <summary>An account's holding on chain at a block.</summary>
/// <param name="MarketId">0 for collateral.</param>
/// <param name="Outcome">255 for collateral.</param>
/// <param name="Units">Micro-USDC or lots.</param>
public sealed record ObserveBalance(string Account, int MarketId, int Outcome, long Units, long Block) : LeaderCommand;

/// <summary>Changes the shard's part of an account's collateral.</summary>
/// <param name="Units">Difference in micro-USDC.</param>
/// <param name="OnlyFree">Limits a decrease to what neither orders nor trades hold; the result contains the actual amount.</param>
public sealed record AllotCollateral(string Account, long Units, long Block, bool OnlyFree = false) : LeaderCommand;

/// <param name="State">0 open, 1 paused, 2 closed, 3 resolved.</param>
/// <param name="WinningOutcome">Of a resolved market; else 0.</param>
public sealed record SetMarketState(int MarketId, int State, int WinningOutcome = 0) : LeaderCommand;

public sealed record CancelAllOfMarket(int MarketId) : LeaderCommand;

public enum ResultStatus
{
    /// <summary>Committed, so it survives a failover.</summary>
    Accepted = 0,

    /// <summary>Rejected by the engine (and committed), or refused before sequencing; see the code.</summary>
    Rejected = 1,

    /// <summary>The order is in the journal already, by another request.</summary>
    Duplicate = 2,

    /// <summary>This node does not lead; nothing was done. Retry at the leader.</summary>
    NotLeader = 3,

    /// <summary>The outcome of the commit is unknown. Retry with the same RequestId; never assume either outcome.</summary>
    InDoubt = 4,

    /// <summary>The deadline had passed, or the queue was full; nothing was done.</summary>
    Late = 5,
}

/// <summary>The result of a command. The journal stores it as JSON (commands.result), so members must keep their names.</summary>
/// <param name="Code">A problem code when rejected.</param>
public sealed record CommandResult(Guid RequestId, ResultStatus Status, string? Code = null, long Epoch = 0, long Sequence = 0)
{
    public string? OrderStatus { get; init; }
    public long FilledLots { get; init; }
    public long RemainingLots { get; init; }
    public IReadOnlyList<CommandFill>? Fills { get; init; }

    /// <summary>Hashes of the orders that a cancel removed.</summary>
    public IReadOnlyList<string>? Cancelled { get; init; }

    public string? CommitLsn { get; init; }

    /// <summary>Hash of the order that was placed; distinguishes a retry from a different order with the same idempotency key.</summary>
    public string? OrderHash { get; init; }

    /// <summary>AllotCollateral: the actual change of the shard's part.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Units { get; init; }
}

public sealed record CommandFill(long TradeId, int PriceTicks, long Lots, bool IsTaker);

/// <param name="SentAt">
/// The sender's clock when it sent the batch, which turns deadlines into spans, so that the clocks need not agree. Null: the clocks are
/// assumed to agree.
/// </param>
public sealed record CommandBatch(IReadOnlyList<LeaderCommand> Commands, DateTimeOffset? SentAt = null);

public sealed record CommandAnswer(string NodeId, IReadOnlyList<CommandResult> Results);

/// <summary>The live engine's state hash at a journal position, to be compared with a replay.</summary>
public sealed record StateDigest(string NodeId, long Epoch, long Sequence, string StateHash, int Shard = 0);
