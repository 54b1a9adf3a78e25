namespace Foresight.Protocol;

// The trading API's bodies. Money and sizes are decimal strings of the exact number, never JSON numbers: "0.55" USDC, "12.5" shares.
// The signed order alone is in the chain's integer units, because those are what the wallet signed.

/// <summary>The EIP-712 struct <c>Order</c> as the wallet signed it. Integers as decimal strings.</summary>
/// <param name="Maker">0x-prefixed address, any case.</param>
/// <param name="OutcomeIndex">0-based.</param>
/// <param name="Price">Micro-USDC per share: ticks * 100.</param>
/// <param name="Amount">Shares with 18 decimals: lots * 10^16.</param>
/// <param name="Salt">uint256.</param>
/// <param name="Expiry">Unix seconds; "0" never expires.</param>
public sealed record SignedOrder(string Maker, int OutcomeIndex, bool IsBuy, string Price, string Amount, string Salt, string Expiry);

/// <summary><c>POST /orders</c>.</summary>
/// <param name="Market">Address of the market's contract, which is also the verifying contract of the signature.</param>
/// <param name="Signature">0x + 130 hex digits: r, s (low), v (27 or 28).</param>
/// <param name="TimeInForce">GTC (default), GTD, IOC (or FAK), FOK.</param>
/// <param name="SelfTradePrevention">cancel_newest (default), cancel_oldest, cancel_both.</param>
/// <param name="ClientOrderId">The caller's own name for the order, at most 64 characters; returned, not interpreted.</param>
public sealed record PlaceOrderRequest(
    string Market,
    SignedOrder Order,
    string Signature,
    string? TimeInForce = null,
    bool PostOnly = false,
    string? SelfTradePrevention = null,
    string? ClientOrderId = null
);

/// <summary>Answer of <c>POST /orders</c>: what is durable in the journal at (epoch, sequence).</summary>
/// <param name="OrderId">EIP-712 order hash, 0x + 64 hex digits.</param>
/// <param name="Status">open, partially_filled, filled, cancelled.</param>
public sealed record PlaceOrderResponse(
    string OrderId,
    string Status,
    string RequestedAmount,
    string FilledAmount,
    string RemainingAmount,
    IReadOnlyList<FillView> Fills,
    long Epoch,
    long Sequence
);

public sealed record FillView(long TradeId, string Price, string Amount, string Liquidity, string Settlement);

/// <summary><c>POST /orders/cancel</c>: cancels every order of the maker in the market that was signed with this salt.</summary>
/// <param name="Signature">EIP-712 <c>CancelSaltRequest(address maker,uint256 salt)</c> under the market's domain, by the maker.</param>
public sealed record CancelOrderRequest(string Market, string Maker, string Salt, string Signature);

public sealed record CancelOrderResponse(IReadOnlyList<string> Cancelled, long Epoch, long Sequence);

/// <param name="Status">open, partially_filled, filled, cancelled, expired, rejected.</param>
/// <param name="Reason">Cause of a cancellation or rejection, else null.</param>
public sealed record OrderView(
    string OrderId,
    int MarketId,
    string Market,
    string Maker,
    int OutcomeIndex,
    bool IsBuy,
    string Price,
    string RequestedAmount,
    string FilledAmount,
    string RemainingAmount,
    string TimeInForce,
    bool PostOnly,
    string? ClientOrderId,
    string Status,
    string? Reason,
    DateTimeOffset AcceptedAt,
    DateTimeOffset UpdatedAt,
    DateTimeOffset? ExpiresAt,
    IReadOnlyList<FillView> Fills,
    long Epoch,
    long Sequence
);

/// <param name="State">open, paused, closed, resolved.</param>
/// <param name="TickSize">Smallest price step, "0.0001", "0.001" or "0.01".</param>
public sealed record MarketView(
    int Id,
    string Address,
    string Question,
    IReadOnlyList<string> Outcomes,
    string TickSize,
    string State,
    DateTimeOffset? ClosesAt,
    int? ResolvedOutcome,
    MarketStats? Stats
);

/// <summary><c>GET /chain</c>: what a wallet needs to fund an account and to sign.</summary>
/// <param name="Factory">The spender: approve it once, for USDC and for the outcome token.</param>
/// <param name="Confirmations">Blocks on top of a balance or a settlement before it counts.</param>
public sealed record ChainView(long ChainId, string Factory, string Usdc, string OutcomeToken, int Confirmations);

/// <summary>Last 24 hours, in outcome 0's terms.</summary>
public sealed record MarketStats(
    int MarketId,
    string? LastPrice,
    string Volume24h,
    string Notional24h,
    long Trades24h,
    string? BestBid,
    string? BestAsk
);

public sealed record LevelView(string Price, string Quantity);

/// <param name="Checksum">CRC32C over the top 10 levels; see docs/market-data.md.</param>
public sealed record DepthView(
    int MarketId,
    int OutcomeIndex,
    long Epoch,
    long Sequence,
    IReadOnlyList<LevelView> Bids,
    IReadOnlyList<LevelView> Asks,
    uint Checksum
);

/// <param name="Kind">direct, mint, merge.</param>
/// <param name="OutcomeIndex">The taker's outcome; price and side are the taker's too.</param>
/// <param name="Settlement">matched, batched, broadcast, mined, final, failed.</param>
public sealed record TradeView(
    long TradeId,
    int MarketId,
    string Kind,
    int OutcomeIndex,
    string TakerSide,
    string Price,
    string Amount,
    DateTimeOffset ExecutedAt,
    string Settlement,
    string? SettlementReason,
    string? TransactionHash,
    long? BlockNumber,
    long Epoch,
    long Sequence
);

/// <param name="Asset">"USDC", or "{marketId}:{outcome}".</param>
public sealed record BalanceView(string Asset, string Owned, string HeldByOrders, string HeldByTrades, string Available);

public sealed record AccountView(string Address, long ObservedBlock, IReadOnlyList<BalanceView> Balances);

/// <summary>One page of a list. Pass <see cref="Next"/> as <c>cursor</c> for the next page; null at the end.</summary>
public sealed record Page<T>(IReadOnlyList<T> Items, string? Next);

/// <summary>The codes of <c>application/problem+json</c> answers, in the extension member <c>code</c>.</summary>
public static class ProblemCodes
{
    public const string MalformedRequest = "malformed_request";
    public const string BodyTooLarge = "body_too_large";
    public const string Unauthorized = "unauthorized";
    public const string NotFound = "not_found";
    public const string RateLimited = "rate_limited";
    public const string InvalidMarket = "invalid_market";
    public const string InvalidOutcome = "invalid_outcome";
    public const string InvalidSignature = "invalid_signature";
    public const string InvalidPrice = "invalid_price";
    public const string InvalidTick = "invalid_tick";
    public const string InvalidAmount = "invalid_amount";
    public const string InvalidTimeInForce = "invalid_time_in_force";
    public const string OrderExpired = "order_expired";
    public const string DuplicateOrder = "duplicate_order";
    public const string IdempotencyKeyReused = "idempotency_key_reused";
    public const string InsufficientBalance = "insufficient_balance";
    public const string InsufficientAllowance = "insufficient_allowance";
    public const string MarketClosed = "market_closed";
    public const string MarketPaused = "market_paused";
    public const string TooManyOrders = "too_many_orders";
    public const string WouldCross = "would_cross";
    public const string WouldNotFill = "would_not_fill";
    public const string SelfTrade = "self_trade";

    /// <summary>The account's trades failed by its own doing: for a while its open orders are capped, or new ones are refused.</summary>
    public const string AccountLimited = "account_limited";

    /// <summary>The order's salt was cancelled on chain: it can never settle. Sign it with another salt.</summary>
    public const string CancelledOnChain = "cancelled_on_chain";

    /// <summary>
    /// The order was filled, at least in part, directly on chain before it was placed. Sign a new one for the amount still wanted.
    /// </summary>
    public const string FilledOnChain = "filled_on_chain";

    public const string UnknownOrder = "unknown_order";
    public const string NotLeader = "not_leader";
    public const string InDoubt = "in_doubt";
    public const string Unavailable = "unavailable";

    /// <summary>A defect of ours made this command fail: nothing was done, and sending it again does not help.</summary>
    public const string CommandFailed = "command_failed";
}
