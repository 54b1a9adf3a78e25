namespace Foresight.Protocol;

/// <summary>What the look-up finds, in the order in which equally good hits are listed.</summary>
public static class LookupKinds
{
    public const string Order = "order";
    public const string Trade = "trade";
    public const string Account = "account";

    /// <summary>Of settlement: one that the journal has signed.</summary>
    public const string Transaction = "transaction";

    public const string Market = "market";
    public const string Node = "node";

    public static readonly IReadOnlyList<string> All = [Order, Trade, Account, Transaction, Market, Node];
}

/// <param name="Kind">One of <see cref="LookupKinds"/>.</param>
/// <param name="Id">As the route of its kind takes it: hash, number, address or name.</param>
/// <param name="Title">One line that distinguishes it from similar ones.</param>
/// <param name="Link">Path of this API that returns all of it.</param>
public sealed record LookupHit(string Kind, string Id, string Title, string Link);

/// <param name="Hits">At most 20, the best first: exact ones, then those that begin with the text, then those that contain it.</param>
/// <param name="Unavailable">Kinds that could not be read, with the reason: no hit of them means nothing.</param>
public sealed record LookupView(string Query, IReadOnlyList<LookupHit> Hits, IReadOnlyDictionary<string, string> Unavailable);

/// <summary>Stages of an order's life besides those of its trades, which are <see cref="TradeStates"/>.</summary>
public static class OrderStages
{
    public const string Sequenced = "sequenced";

    /// <summary>Durable. The journal does not keep the time of a commit, which is some milliseconds after the sequencing.</summary>
    public const string Committed = "committed";

    public const string Filled = "filled";
    public const string Cancelled = "cancelled";
    public const string Expired = "expired";
    public const string Rejected = "rejected";

    public static readonly IReadOnlyList<string> All = [Sequenced, Committed, Filled, Cancelled, Expired, Rejected];
}

/// <summary>A stage that was reached. A reorganisation takes stages back, which then are no longer listed.</summary>
/// <param name="Stage">One of <see cref="OrderStages"/> or <see cref="TradeStates"/>.</param>
/// <param name="At">Null if the journal does not keep it.</param>
/// <param name="TradeId">Null for a stage of the order itself.</param>
/// <param name="Reason">As the journal has it: the code, then (after a colon) the account or order at fault, if there is one.</param>
public sealed record StageView(
    string Stage,
    DateTimeOffset? At,
    long? TradeId = null,
    long? BatchId = null,
    long? Nonce = null,
    string? TransactionHash = null,
    long? BlockNumber = null,
    string? Reason = null,
    long? Epoch = null,
    long? Sequence = null
);

/// <param name="Timeline">The order's own stages, then trade by trade: the newest 100 trades, in the order in which they were made.</param>
/// <param name="MoreTrades">True: earlier trades are left out.</param>
/// <param name="TraceId">Of the trace in which the order came; null if it was not sampled.</param>
public sealed record OrderDetail(
    OrderView Order,
    IReadOnlyList<StageView> Timeline,
    bool MoreTrades,
    string? IdempotencyKey,
    string? TraceId
);

/// <param name="Balance">What the account has.</param>
/// <param name="Spendable">The lesser of that and what it has approved.</param>
public sealed record ChainBalanceView(string Asset, string Balance, string Spendable);

/// <summary>As of one block, which is not confirmed yet: the exchange counts a change only when it is.</summary>
public sealed record ChainAccountView(long Block, IReadOnlyList<ChainBalanceView> Balances);

/// <param name="Balances">As the exchange knows them: USDC, then the assets that changed last, at most 100.</param>
/// <param name="OnChain">Of USDC and the first 20 of the assets above; null if it cannot be read.</param>
/// <param name="OnChainUnavailable">Why it could not be read; null if it was.</param>
/// <param name="OpenOrders">Newest first, at most 100.</param>
/// <param name="Trades">Newest first, at most 100.</param>
/// <param name="Standing">Null if nothing was ever held against the account.</param>
/// <param name="PastOrders">Those that are over, newest first, at most 100; null from a node of an older version.</param>
/// <param name="Purses">USDC, then the others, at most 100; null where there is no vault.</param>
public sealed record AccountDetail(
    string Address,
    long ObservedBlock,
    IReadOnlyList<BalanceView> Balances,
    bool MoreBalances,
    ChainAccountView? OnChain,
    string? OnChainUnavailable,
    IReadOnlyList<OrderView> OpenOrders,
    bool MoreOpenOrders,
    IReadOnlyList<TradeView> Trades,
    bool MoreTrades,
    OffenderDetail? Standing,
    IReadOnlyList<OrderView>? PastOrders = null,
    bool MorePastOrders = false,
    IReadOnlyList<PurseView>? Purses = null
);

/// <param name="Side">buy, sell.</param>
/// <param name="Liquidity">maker, taker.</param>
/// <param name="TraceId">Of the trace in which the order came; null if it was not sampled.</param>
public sealed record TradeSideView(
    int Leg,
    string OrderId,
    string Account,
    int OutcomeIndex,
    string Side,
    string Price,
    string Amount,
    string Liquidity,
    string? TraceId
);

/// <summary>One transaction of settlement.</summary>
/// <param name="MarketId">Null for a sign of life, which has no trades.</param>
/// <param name="State">One of <see cref="BatchStates"/>.</param>
/// <param name="MaxFeeWei">Decimal; wei for each unit of gas.</param>
/// <param name="BroadcastAt">When it was first sent; null before that, and for transactions of earlier versions.</param>
/// <param name="Transactions">Transactions ever signed for this nonce; above 1 it was replaced, with a higher fee.</param>
public sealed record BatchView(
    long Id,
    int? MarketId,
    string Signer,
    long Nonce,
    string TransactionHash,
    string State,
    int Trades,
    long? BlockNumber,
    long GasLimit,
    long? GasUsed,
    string MaxFeeWei,
    string PriorityFeeWei,
    string? Error,
    DateTimeOffset CreatedAt,
    DateTimeOffset? BroadcastAt,
    DateTimeOffset? MinedAt,
    DateTimeOffset UpdatedAt,
    int Transactions,
    long Epoch
);

/// <param name="Attempts">Transactions with this trade that reverted as a whole.</param>
/// <param name="Closed">The engine knows the outcome: the money is released.</param>
/// <param name="Batch">The transaction that has the trade now; null while it waits for one.</param>
/// <param name="OtherTransactions">Signed for the same nonce, newest first, at most 20. One of them may be mined instead.</param>
/// <param name="Discrepancies">Newest first, at most 50.</param>
/// <param name="StrikeAgainst">Account that the trade's failure is held against; null if none.</param>
public sealed record TradeDetail(
    TradeView Trade,
    IReadOnlyList<TradeSideView> Sides,
    IReadOnlyList<StageView> Timeline,
    int Attempts,
    bool Closed,
    BatchView? Batch,
    IReadOnlyList<BatchView> OtherTransactions,
    IReadOnlyList<DiscrepancyView> Discrepancies,
    string? StrikeAgainst,
    StrikeView? Strike
);

/// <param name="OtherTransactions">Signed for the same nonce, newest first, at most 20.</param>
/// <param name="Trades">By id, at most 100.</param>
public sealed record TransactionDetail(
    BatchView Transaction,
    IReadOnlyList<BatchView> OtherTransactions,
    IReadOnlyList<TradeView> Trades,
    bool MoreTrades
);

/// <param name="OldestAt">When the oldest of them was matched.</param>
public sealed record SettlementQueueView(string State, long Trades, long OldestTradeId, DateTimeOffset OldestAt);

/// <param name="Reason">The code alone, without the account or order at fault.</param>
public sealed record FailureCountView(string Reason, long Trades, DateTimeOffset LastAt);

/// <param name="HaltedSince">Null while settlement is not halted, and if an earlier version halted it.</param>
/// <param name="Queue">States before final and failed in which trades are, in the order of a trade's life.</param>
/// <param name="Batches">The last 50 transactions, newest first; all of them: <c>GET /admin/settlement/batches</c>.</param>
/// <param name="FailuresLast24Hours">The most frequent first, at most 50.</param>
public sealed record SettlementDetail(
    DateTimeOffset At,
    SettlementView Status,
    DateTimeOffset? HaltedSince,
    IReadOnlyList<SettlementQueueView> Queue,
    IReadOnlyList<BatchView> Batches,
    IReadOnlyList<FailureCountView> FailuresLast24Hours
);

public static class FailedCommandKinds
{
    /// <summary>Another version wrote the command.</summary>
    public const string Unknown = "unknown";

    public static readonly IReadOnlyList<string> Filters = [.. LeaderCommand.Kinds.Values, Unknown];
}

/// <summary>A command that met a defect of ours. Kept for some days after its quarantine.</summary>
/// <param name="Kind">Place, CancelBySalt …; "unknown" for one that this version cannot read.</param>
/// <param name="Command">JSON as the leader received it, without signatures.</param>
/// <param name="Reason">What the engine threw.</param>
/// <param name="QuarantinedUntil">Until then every leader refuses the same request.</param>
public sealed record FailedCommandView(
    int Shard,
    Guid RequestId,
    long Epoch,
    string Kind,
    string Command,
    string Reason,
    DateTimeOffset FailedAt,
    DateTimeOffset QuarantinedUntil
);

/// <param name="WalStatus">reserved, extended, unreserved, lost; null of a slot that holds nothing yet.</param>
/// <param name="RetainedBytes">Write-ahead log that is kept for it; null of such a slot.</param>
public sealed record ReplicationSlotView(string Name, bool Active, string? WalStatus, long? RetainedBytes);

/// <param name="State">active, idle, idle in transaction …; "unknown" where the Api's role may not see it.</param>
public sealed record PoolView(string User, string Application, string State, int Connections);

/// <param name="RunningMs">Of a query since its start, of a transaction that idles since the transaction's.</param>
/// <param name="Query">At most 200 characters, with the numbers of its parameters and not their values.</param>
public sealed record SlowQueryView(int ProcessId, string User, string Application, string State, double RunningMs, string Query);

/// <summary>The primary's report about itself.</summary>
/// <param name="Slots">At most 50.</param>
/// <param name="Pools">Connections by user, application and state, at most 100 rows.</param>
/// <param name="SlowQueries">What runs for more than a second, the longest first, at most 50.</param>
/// <param name="UnreadableSessions">Sessions whose query the Api's role may not see: a slow one of them is not listed.</param>
public sealed record DatabaseDetail(
    DateTimeOffset At,
    IReadOnlyList<ReplicationSlotView> Slots,
    IReadOnlyList<PoolView> Pools,
    IReadOnlyList<SlowQueryView> SlowQueries,
    int UnreadableSessions,
    int MaxConnections
);
