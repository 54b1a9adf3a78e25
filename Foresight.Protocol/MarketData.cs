using System.Text.Json.Serialization;

namespace Foresight.Protocol;

// JSON (web defaults) behind a seal, over Redis Pub/Sub from the leader to every Api node, only after the commit: no client may see what a
// failover can undo. (Epoch, Sequence) is the journal position of the message. Previous is the Sequence of the market's previous message on
// the same channel in this epoch (0: first of the epoch), so that a receiver detects a gap without separate numbers.

/// <summary>Each is prefixed with REDIS_KEY_PREFIX (default "foresight:").</summary>
public static class Channels
{
    public const string Depth = "ws:depth";
    public const string Trades = "ws:trades";
    public const string Stats = "ws:stats";
    public const string Orders = "ws:orders";
    public const string TradeStates = "ws:trade-states";
    public const string Withdrawals = "ws:withdrawals";
    public const string ClusterLeader = "cluster:leader";
    public const string ClusterNodes = "cluster:nodes";
}

/// <summary>In the outcome's own terms; 0 lots: gone. Absolute, so applying it twice is harmless.</summary>
/// <param name="FirmLots">Those of them that are paid from the vault.</param>
public sealed record LevelChange(
    int Outcome,
    bool IsBid,
    int PriceTicks,
    long Lots,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] long FirmLots = 0
);

/// <summary>With <see cref="Snapshot"/>, Levels are all levels of the book and replace what was known.</summary>
/// <param name="Checksums">
/// From the hub: for each outcome the CRC32C over the top 10 levels after this message; see docs/market-data.md. From the leader: null, or
/// in a repeated position for each outcome the <see cref="BookHash"/> over all levels, by which a wrong book is found.
/// </param>
public sealed record DepthMessage(
    int Market,
    long Epoch,
    long Sequence,
    long Previous,
    bool Snapshot,
    IReadOnlyList<LevelChange> Levels,
    IReadOnlyList<uint>? Checksums = null
);

public sealed record TradesMessage(int Market, long Epoch, long Sequence, long Previous, IReadOnlyList<TradeView> Trades);

public sealed record StatsMessage(int Market, long Epoch, long Sequence, MarketStats Stats);

/// <summary>Private, so it is sent only to the owner's connections. Never contains a signature.</summary>
/// <param name="Kind">
/// accepted, filled, reduced (filled directly on chain), cancelled, expired, trade_settled, trade_bust (Reason has the code and the
/// account responsible).
/// </param>
public sealed record OrderUpdate(
    string Owner,
    string OrderId,
    int MarketId,
    string Kind,
    string Status,
    string FilledAmount,
    string RemainingAmount,
    FillView? Fill,
    string? Reason,
    long Epoch,
    long Sequence
);

/// <summary>Without updates it is a sign of life, sent every second: a shard whose leader is silent is read from the journal.</summary>
/// <param name="Shard">Shard of the position, because epochs of different shards are not comparable.</param>
public sealed record OrdersMessage(long Epoch, long Sequence, IReadOnlyList<OrderUpdate> Updates, int Shard = 0);

/// <summary>
/// Up to 500 trades of one market. Epoch is that of the lease "settlement", Sequence a counter within it, Previous the counter of the
/// market's previous message (0: first of the epoch). Sequence 0 marks a repair by reconciliation, which has no number because the numbers
/// are those of another lease, and implies no gap.
/// </summary>
public sealed record TradeStatesMessage(int Market, long Epoch, long Sequence, long Previous, IReadOnlyList<TradeState> Trades);

public sealed record TradeState(long TradeId, int MarketId, string Settlement, string? Reason, string? TransactionHash, long? BlockNumber);

/// <summary>
/// Private like <see cref="OrdersMessage"/>, for the same followers. Epoch is that of the lease "settlement", Sequence a counter within it.
/// </summary>
/// <param name="Previous">
/// Between nodes: the counter of the message before, so that a lost one is noticed; without withdrawals, a repeated position. Not for
/// clients, who get only some of the messages.
/// </param>
public sealed record WithdrawalsMessage(
    long Epoch,
    long Sequence,
    IReadOnlyList<WithdrawalUpdate> Withdrawals,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] long Previous = 0
);

/// <summary>
/// One change of a withdrawal's state; of a request also of what is leaving. Never contains a co-signature, which is read by
/// <c>GET /withdrawals/{address}/{nonce}</c>.
/// </summary>
/// <param name="Asset">"USDC", or "{marketId}:{outcome}". With the account it names a request; a co-signed withdrawal has a nonce.</param>
/// <param name="Amount">Decimal USDC or shares: what is leaving still, or what was when it ended.</param>
/// <param name="Kind">One of <see cref="WithdrawalKinds"/>.</param>
/// <param name="State">One of <see cref="WithdrawalStates"/>.</param>
/// <param name="Deadline">From when a request can be paid, or until when a co-signature is taken.</param>
/// <param name="ReadyBlock">Of a request: the delay is over when this block and the deadline have come.</param>
/// <param name="Nonce">Of a co-signature.</param>
/// <param name="Block">In which a request last changed, or a co-signature was paid.</param>
/// <param name="TransactionHash">In which a request last changed.</param>
public sealed record WithdrawalUpdate(
    string Account,
    string Asset,
    string Amount,
    string Kind,
    string State,
    DateTimeOffset Deadline,
    long? ReadyBlock,
    string? Nonce,
    long? Block,
    string? TransactionHash
);

/// <summary>
/// Kinds: acquired, released. On "released" a follower looks at the lease at once, so that a planned change of leader waits for no
/// lease to run out.
/// </summary>
public sealed record LeaderMessage(string Kind, string Resource, string NodeId, string Address, long Epoch);

/// <summary>
/// Hub event "heartbeat", once a second: the last positions sent to this connection. A client whose book is older has lost a message.
/// </summary>
public sealed record HeartbeatMessage(DateTimeOffset At, IReadOnlyList<HeartbeatMarket> Markets);

public sealed record HeartbeatMarket(int Market, long Epoch, long Sequence);

/// <summary>Hub event "continuity".</summary>
/// <param name="Topic">depth, trades, stats, orders, trade_state, withdrawals.</param>
/// <param name="Market">0: of all that the connection follows.</param>
/// <param name="State">
/// lost: messages are missing, so the client's data is outdated. restored: a snapshot follows, or the stream continues.
/// </param>
public sealed record ContinuityMessage(string Topic, int Market, string State);

/// <param name="Reason">slow_consumer, too_many_clients, or going_away, after which another node takes the client.</param>
public sealed record ClosingMessage(string Reason);
