using System.Reflection;
using System.Text.Json.Serialization;

namespace Foresight.Protocol;

// The leader's gateway: POST {leader}/gateway/commands over HTTP/2 and mutual TLS, in which both sides prove that they hold the cluster's
// secret; JSON body. A batch is committed before the answer is sent, so that what is answered survives a failover. GET
// /gateway/status?shard=: MatchingNodeStatus. GET /gateway/state?shard=: StateDigest.

/// <summary>
/// If it arrives twice with the same <see cref="RequestId"/> it is applied once, and both get the same result. On the wire the member
/// "kind" is the record's number; numbers are never reused, because the journal keeps old commands.
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
[JsonDerivedType(typeof(SetFirmTerms), 11)]
[JsonDerivedType(typeof(GrantWithdrawal), 12)]
[JsonDerivedType(typeof(EndWithdrawal), 13)]
public abstract record LeaderCommand
{
    /// <summary>Of the request and not of the order, which another request may have placed before.</summary>
    public required Guid RequestId { get; init; }

    /// <summary>Later the leader refuses it as <see cref="ResultStatus.Late"/>, because its caller no longer waits.</summary>
    public DateTimeOffset Deadline { get; init; }

    public int Shard { get; init; }

    /// <summary>
    /// W3C traceparent of the caller's span, from which the order's trace goes on at the leader; null when it is not sampled.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? TraceParent { get; init; }

    [JsonIgnore]
    public string Kind => NameOf(GetType());

    /// <summary>Names of kinds by their number on the wire.</summary>
    public static IReadOnlyDictionary<int, string> Kinds { get; } =
        typeof(LeaderCommand)
            .GetCustomAttributes<JsonDerivedTypeAttribute>()
            .ToDictionary(kind => (int)kind.TypeDiscriminator!, kind => NameOf(kind.DerivedType));

    private static string NameOf(Type type) => type == typeof(PlaceOrder) ? "Place" : type.Name;
}

/// <summary>
/// The edge has verified shape, signature and expiry; the leader checks signatures again, because the edge may have been broken into
/// (docs/decisions/0441). Bytes are 0x hex, the salt a decimal uint256; expiry 0 means never.
/// </summary>
public sealed record PlaceOrder : LeaderCommand
{
    public required string Hash { get; init; }

    public required string Maker { get; init; }
    public required int MarketId { get; init; }
    public required int Outcome { get; init; }
    public required bool IsBuy { get; init; }
    public required int PriceTicks { get; init; }
    public required long Lots { get; init; }

    public required string Salt { get; init; }

    public long ExpirySeconds { get; init; }

    public required string Signature { get; init; }

    /// <summary>
    /// True if the maker is a contract that accepted the signature (ERC-1271), so that the leader asks the chain again; else the
    /// maker's key made it.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool SignedByContract { get; init; }

    /// <summary>
    /// The key that signed it, if the maker has registered that at the vault and it is not their own. Such an order is paid from the vault;
    /// the leader refuses one whose key is not in force.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? SigningKey { get; init; }

    /// <summary>Numbered as in the engine, because this project does not reference its enum: 0 GTC, 1 GTD, 2 IOC, 3 FOK.</summary>
    public int TimeInForce { get; init; }

    public bool PostOnly { get; init; }

    /// <summary>
    /// Numbered as in the engine, because this project does not reference its enum: 0 cancel newest, 1 cancel oldest, 2 cancel both.
    /// </summary>
    public int SelfTradePrevention { get; init; }

    /// <summary>Numbered as in the engine: 0 either, 1 wallet, 2 vault.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int Purse { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool FirmOnly { get; init; }

    public string? ClientOrderId { get; init; }
    public string? IdempotencyKey { get; init; }
}

/// <summary>Also refuses later orders with the salt, because a cancel may overtake its order (docs/decisions/0416).</summary>
/// <param name="Salt">uint256, decimal.</param>
public sealed record CancelBySalt(string Maker, int MarketId, string Salt) : LeaderCommand
{
    /// <summary>The maker's, as 0x hex; null for a cancel that the chain has seen, which only the settlement term may report.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Signature { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool SignedByContract { get; init; }

    /// <summary>
    /// The key that signed it, if the maker has registered that at the vault and it is not their own. The leader refuses one whose key is
    /// not in force.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? SigningKey { get; init; }
}

public sealed record CancelByHash(string Maker, int MarketId, string Hash) : LeaderCommand;

/// <param name="FilledLots">Filled directly on chain since the order was made, so that a repeated report is harmless.</param>
public sealed record ReduceOrder(string Maker, int MarketId, string Hash, long FilledLots) : LeaderCommand;

/// <param name="Block">Its state includes the trade, so a holding observed at or after it must not be moved again.</param>
public sealed record SettleTrade(long TradeId, long Block) : LeaderCommand
{
    /// <summary>What purses of the vault receive is not theirs to trade with before it is observed.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool ProceedsWait { get; init; }
}

public sealed record BustTrade(long TradeId, long Block, string? Reason) : LeaderCommand;

/// <param name="MarketId">0 for collateral.</param>
/// <param name="Outcome">255 for collateral.</param>
/// <param name="Units">Micro-USDC or lots.</param>
public sealed record ObserveBalance(string Account, int MarketId, int Outcome, long Units, long Block) : LeaderCommand
{
    /// <summary>What was read is the free part of the account's purse in the vault, and not its wallet.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool OfVault { get; init; }
}

/// <summary>Under which orders of this shard are firm (docs/firm-money.md). Replaces the terms before.</summary>
/// <param name="UntilSeconds">Unix seconds: the time of the newest block that was followed, and a quarter of the vault's delay.</param>
/// <param name="Trades">How many firm trades of the shard may be unsettled.</param>
public sealed record SetFirmTerms(long UntilSeconds, long Trades) : LeaderCommand;

/// <summary>Takes money out of the free part of the vault, so that the co-signature for it may be given.</summary>
/// <param name="MarketId">0 for collateral.</param>
/// <param name="Outcome">255 for collateral.</param>
/// <param name="Units">Micro-USDC or lots.</param>
/// <param name="Nonce">Of the account at the vault, where each is used once.</param>
/// <param name="DeadlineSeconds">Unix seconds until which the vault takes the co-signature.</param>
/// <param name="Signature">The account's own, of the request (docs/firm-money.md), as 0x hex: no other may hold its money up.</param>
public sealed record GrantWithdrawal(
    string Account,
    int MarketId,
    int Outcome,
    long Units,
    ulong Nonce,
    long DeadlineSeconds,
    string Signature
) : LeaderCommand
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool SignedByContract { get; init; }
}

/// <param name="Block">
/// From which on observations leave out what was paid; 0: none does. Null: its deadline has passed, and its nonce is unused at final depth.
/// </param>
public sealed record EndWithdrawal(string Account, ulong Nonce, long? Block) : LeaderCommand;

/// <param name="Units">Micro-USDC, as a difference, so that the order in which changes arrive does not matter.</param>
/// <param name="OnlyFree">
/// Limits a decrease to what neither orders nor trades hold, so that moving money between shards cancels no order; the result has
/// the actual amount.
/// </param>
public sealed record AllotCollateral(string Account, long Units, long Block, bool OnlyFree = false) : LeaderCommand;

/// <param name="State">
/// Numbered as in the engine, because this project does not reference its enum: 0 open, 1 paused, 2 closed, 3 resolved.
/// </param>
/// <param name="WinningOutcome">Of a resolved market; else 0.</param>
public sealed record SetMarketState(int MarketId, int State, int WinningOutcome = 0) : LeaderCommand;

public sealed record CancelAllOfMarket(int MarketId) : LeaderCommand;

public enum ResultStatus
{
    /// <summary>Committed, so it survives a failover.</summary>
    Accepted = 0,

    /// <summary>Rejected by the engine, and then committed, or refused before sequencing, and then without a trace; see the code.</summary>
    Rejected = 1,

    /// <summary>The order is in the journal already, by another request; the code shows whether with the same terms.</summary>
    Duplicate = 2,

    /// <summary>This node does not lead. Nothing was done, so the command may be sent to the leader.</summary>
    NotLeader = 3,

    /// <summary>The outcome of the commit is unknown, so neither may be assumed. Retry with the same RequestId.</summary>
    InDoubt = 4,

    /// <summary>The deadline had passed, or the queue was full. Nothing was done, so the command may be sent again.</summary>
    Late = 5,
}

/// <summary>The journal stores it as JSON (commands.result), so members must keep their names.</summary>
/// <param name="Code">A problem code when rejected.</param>
public sealed record CommandResult(Guid RequestId, ResultStatus Status, string? Code = null, long Epoch = 0, long Sequence = 0)
{
    public string? OrderStatus { get; init; }
    public long FilledLots { get; init; }
    public long RemainingLots { get; init; }
    public IReadOnlyList<CommandFill>? Fills { get; init; }

    public IReadOnlyList<string>? Cancelled { get; init; }

    public string? CommitLsn { get; init; }

    /// <summary>Distinguishes a retry from a different order with the same idempotency key.</summary>
    public string? OrderHash { get; init; }

    /// <summary>
    /// Terms outside the signature that differ from the first ones, so that the caller can correct them: see
    /// <see cref="ProblemCodes.OrderTermsDiffer"/>.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Differences { get; init; }

    /// <summary>AllotCollateral: the actual change, which may be smaller than the one asked for.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Units { get; init; }
}

public sealed record CommandFill(long TradeId, int PriceTicks, long Lots, bool IsTaker);

/// <param name="SentAt">
/// By the sender's clock. It turns deadlines into spans, so that the clocks need not agree. Null: they are assumed to agree.
/// </param>
/// <param name="Term">Facts of the chain are believed only under one; null for traders' commands.</param>
public sealed record CommandBatch(
    IReadOnlyList<LeaderCommand> Commands,
    DateTimeOffset? SentAt = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] TermClaim? Term = null
);

/// <summary>
/// Proves that the sender holds the term: the leader compares the fencing token, which is in Postgres alone, with the row of
/// <c>leadership</c>.
/// </summary>
public sealed record TermClaim(string Resource, long Epoch, Guid Token);

public sealed record CommandAnswer(string NodeId, IReadOnlyList<CommandResult> Results);

/// <summary>To be compared with the hash of a replay up to the same position.</summary>
public sealed record StateDigest(string NodeId, long Epoch, long Sequence, string StateHash, int Shard = 0);
