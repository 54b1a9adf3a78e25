using System.Text.Json.Serialization;

namespace Foresight.Protocol;

// The leader's gateway: how Api nodes and the settlement loop hand commands to the leader. POST {leader}/gateway/commands over HTTP/2
// without TLS inside the cluster, header X-Foresight-Cluster with the cluster secret, JSON body. All of a batch is committed before the
// answer comes. GET /gateway/status?shard=: MatchingNodeStatus. GET /gateway/state?shard=: StateDigest.

/// <summary>
/// A command for the leader of a shard. One that comes twice with the same <see cref="RequestId"/> is applied once, and both get the same
/// answer. On the wire the member "kind" names the record by its number; numbers are never used again for something else.
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
    /// <summary>Names the request, not the order.</summary>
    public required Guid RequestId { get; init; }

    /// <summary>The leader does not sequence it after this; the answer is then <see cref="ResultStatus.Late"/>.</summary>
    public DateTimeOffset Deadline { get; init; }

    /// <summary>Whose leader it is for: that of its market or trade.</summary>
    public int Shard { get; init; }

    /// <summary>W3C traceparent of the caller's span; null when it is not sampled.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? TraceParent { get; init; }

    /// <summary>Its kind as logs, metrics and spans name it.</summary>
    [JsonIgnore]
    public string Kind => this is PlaceOrder ? "Place" : GetType().Name;
}

/// <summary>A checked order: the edge has verified shape, signature and expiry. Bytes as 0x hex.</summary>
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

/// <summary>A resting order was filled directly on chain.</summary>
/// <param name="FilledLots">How much, in all, since the order was made.</param>
public sealed record ReduceOrder(string Maker, int MarketId, string Hash, long FilledLots) : LeaderCommand;

/// <param name="Block">The block whose chain state has the trade in it.</param>
public sealed record SettleTrade(long TradeId, long Block) : LeaderCommand;

/// <param name="Reason">As in trades.settlement_reason.</param>
public sealed record BustTrade(long TradeId, long Block, string? Reason) : LeaderCommand;

/// <summary>What the chain says that an account owns at a block.</summary>
/// <param name="MarketId">0 for collateral.</param>
/// <param name="Outcome">255 for collateral.</param>
/// <param name="Units">Micro-USDC or lots.</param>
public sealed record ObserveBalance(string Account, int MarketId, int Outcome, long Units, long Block) : LeaderCommand;

/// <summary>Changes what the shard is allotted of an account's collateral.</summary>
/// <param name="Units">Micro-USDC: how much more, or less, the shard has from now on.</param>
/// <param name="OnlyFree">Takes no more than what neither orders nor trades hold; the result says how much that was.</param>
public sealed record AllotCollateral(string Account, long Units, long Block, bool OnlyFree = false) : LeaderCommand;

/// <param name="State">0 open, 1 paused, 2 closed, 3 resolved.</param>
/// <param name="WinningOutcome">Of a resolved market; else 0.</param>
public sealed record SetMarketState(int MarketId, int State, int WinningOutcome = 0) : LeaderCommand;

public sealed record CancelAllOfMarket(int MarketId) : LeaderCommand;

public enum ResultStatus
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

/// <summary>What became of a command. The journal stores it as JSON (commands.result), so its members keep their names.</summary>
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

    /// <summary>The order that was placed; tells a retry of a request from another order under the same idempotency key.</summary>
    public string? OrderHash { get; init; }

    /// <summary>AllotCollateral: by how much what the shard has was changed.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Units { get; init; }
}

public sealed record CommandFill(long TradeId, int PriceTicks, long Lots, bool IsTaker);

/// <param name="SentAt">
/// The sender's clock when it sent the batch. With it a deadline is a span, so the two clocks need not agree. Null: they are taken to
/// agree.
/// </param>
public sealed record CommandBatch(IReadOnlyList<LeaderCommand> Commands, DateTimeOffset? SentAt = null);

/// <param name="NodeId">The node that answers.</param>
public sealed record CommandAnswer(string NodeId, IReadOnlyList<CommandResult> Results);

/// <summary>The live engine's state hash at a journal position, to be compared with a replay.</summary>
public sealed record StateDigest(string NodeId, long Epoch, long Sequence, string StateHash, int Shard = 0);
