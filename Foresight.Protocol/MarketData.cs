namespace Foresight.Protocol;

// Messages over Redis Pub/Sub from the leader to every Api node (JSON, web defaults), published only after the commit. (Epoch, Sequence) is
// the journal position of the message. Previous is the Sequence of the market's previous message on the same channel in this epoch (0:
// first of the epoch), so that a receiver detects a gap without separate numbers.

/// <summary>Channels; each is prefixed with REDIS_KEY_PREFIX (default "foresight:").</summary>
public static class Channels
{
    public const string Depth = "ws:depth";
    public const string Trades = "ws:trades";
    public const string Stats = "ws:stats";
    public const string Orders = "ws:orders";
    public const string TradeStates = "ws:trade-states";
    public const string ClusterLeader = "cluster:leader";
    public const string ClusterNodes = "cluster:nodes";
}

/// <summary>New total quantity of one level (0: gone), in the outcome's own terms. Absolute, so applying it twice is harmless.</summary>
public sealed record LevelChange(int Outcome, bool IsBid, int PriceTicks, long Lots);

/// <summary>
/// Channel <see cref="Channels.Depth"/>. With <see cref="Snapshot"/>, Levels are the whole book and replace what was known.
/// </summary>
/// <param name="Checksums">
/// Set by the hub, null from the leader: for each outcome the CRC32C over the top 10 levels after this message; see docs/market-data.md.
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

/// <summary>Channel <see cref="Channels.Trades"/>.</summary>
public sealed record TradesMessage(int Market, long Epoch, long Sequence, long Previous, IReadOnlyList<TradeView> Trades);

/// <summary>Channel <see cref="Channels.Stats"/>.</summary>
public sealed record StatsMessage(int Market, long Epoch, long Sequence, MarketStats Stats);

/// <summary>A private update, sent only to the owner's connections. Never contains a signature.</summary>
/// <param name="Kind">
/// accepted, filled, reduced (filled directly on chain), cancelled, expired, trade_settled, trade_bust (Reason has the code and the account
/// responsible).
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

/// <summary>Channel <see cref="Channels.Orders"/>.</summary>
/// <param name="Shard">Shard of the position: epochs of different shards are not comparable.</param>
public sealed record OrdersMessage(long Epoch, long Sequence, IReadOnlyList<OrderUpdate> Updates, int Shard = 0);

/// <summary>
/// Channel <see cref="Channels.TradeStates"/>: state changes of up to 500 trades of one market. Epoch is that of the lease "settlement",
/// Sequence a counter within it, Previous the counter of the market's previous message (0: first of the epoch). Sequence 0 marks a repair
/// by reconciliation, which has no number and implies no gap.
/// </summary>
public sealed record TradeStatesMessage(int Market, long Epoch, long Sequence, long Previous, IReadOnlyList<TradeState> Trades);

/// <summary>The new settlement state of a trade.</summary>
/// <param name="Settlement">batched, broadcast, mined, final, failed; matched again after a batch without effect.</param>
public sealed record TradeState(long TradeId, int MarketId, string Settlement, string? Reason, string? TransactionHash, long? BlockNumber);

/// <summary>Channel <see cref="Channels.ClusterLeader"/>. Kinds: acquired, released. On "released" a follower bids at once.</summary>
public sealed record LeaderMessage(string Kind, string Resource, string NodeId, string Address, long Epoch);

/// <summary>
/// Hub event "heartbeat", once a second: the last positions sent to this connection. A client whose book is older has lost a message.
/// </summary>
public sealed record HeartbeatMessage(DateTimeOffset At, IReadOnlyList<HeartbeatMarket> Markets);

public sealed record HeartbeatMarket(int Market, long Epoch, long Sequence);

/// <summary>Hub event "continuity".</summary>
/// <param name="Topic">depth, trades, stats, orders, trade_state.</param>
/// <param name="Market">0: of all that the connection follows.</param>
/// <param name="State">lost: messages are missing, so the client's data is outdated. restored: a snapshot follows, or the stream
/// continues.</param>
public sealed record ContinuityMessage(string Topic, int Market, string State);

/// <summary>Hub event "closing", before the server closes a connection.</summary>
/// <param name="Reason">slow_consumer, going_away.</param>
public sealed record ClosingMessage(string Reason);
