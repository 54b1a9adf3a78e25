using System.Text.Json.Serialization;

namespace Foresight.Protocol;

// Money and sizes are decimal strings of the exact number, never JSON numbers: "0.55" USDC, "12.5" shares. The signed order alone is in the
// chain's integer units, because those are what the wallet signed.

/// <summary>
/// The EIP-712 struct <c>Order</c> as the wallet signed it. Integers are decimal strings, because a uint256 exceeds what JSON readers
/// take for a number.
/// </summary>
/// <param name="Maker">0x-prefixed address, any case.</param>
/// <param name="OutcomeIndex">0-based.</param>
/// <param name="Price">Micro-USDC per share: ticks * 100.</param>
/// <param name="Amount">Shares with 18 decimals: lots * 10^16.</param>
/// <param name="Expiry">Unix seconds; "0" never expires.</param>
public sealed record SignedOrder(string Maker, int OutcomeIndex, bool IsBuy, string Price, string Amount, string Salt, string Expiry);

/// <param name="Market">Address of the market's contract, which is also the verifying contract of the signature.</param>
/// <param name="Signature">0x + 130 hex digits: r, s (low), v (27 or 28).</param>
/// <param name="TimeInForce">GTC (default), GTD, IOC (or FAK), FOK.</param>
/// <param name="SelfTradePrevention">cancel_newest (default), cancel_oldest, cancel_both.</param>
/// <param name="ClientOrderId">The caller's own name for the order, at most 64 characters; returned, not interpreted.</param>
/// <param name="Purse">
/// Where the money comes from (docs/firm-money.md): vault, wallet, or either (default): the vault if it covers the whole order and firm
/// orders are taken now.
/// </param>
/// <param name="FirmOnly">
/// Trades with firm offers alone, and passes over the others. Only for IOC and FOK, and with money in the vault.
/// </param>
public sealed record PlaceOrderRequest(
    string Market,
    SignedOrder Order,
    string Signature,
    string? TimeInForce = null,
    bool PostOnly = false,
    string? SelfTradePrevention = null,
    string? ClientOrderId = null,
    string? Purse = null,
    bool FirmOnly = false
);

/// <summary>What is durable in the journal at (epoch, sequence), so a failover does not change it.</summary>
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

/// <summary>Cancels every order of the maker in the market that was signed with this salt, because the signature names no order.</summary>
/// <param name="Signature">EIP-712 <c>CancelSaltRequest(address maker,uint256 salt)</c> under the market's domain, by the maker.</param>
public sealed record CancelOrderRequest(string Market, string Maker, string Salt, string Signature);

public sealed record CancelOrderResponse(IReadOnlyList<string> Cancelled, long Epoch, long Sequence);

/// <param name="Purse">Where its money is: wallet, or vault, which makes the order firm.</param>
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
    long Sequence,
    string Purse = Purses.Wallet,
    bool FirmOnly = false
);

/// <summary>Where the money of an order is.</summary>
public static class Purses
{
    public const string Wallet = "wallet";
    public const string Vault = "vault";

    /// <summary>Of an order that leaves the choice.</summary>
    public const string Either = "either";
}

/// <param name="TickSize">Smallest price step, "0.0001", "0.001" or "0.01".</param>
/// <param name="FirmOnly">Orders of the vault alone are taken; one of the wallet is refused as firm_required.</param>
public sealed record MarketView(
    int Id,
    string Address,
    string Question,
    IReadOnlyList<string> Outcomes,
    string TickSize,
    string State,
    DateTimeOffset? ClosesAt,
    int? ResolvedOutcome,
    MarketStats? Stats,
    bool FirmOnly = false
);

/// <summary><c>GET /chain</c>: what a wallet needs to fund an account and to sign.</summary>
/// <param name="Factory">The spender: approve it once, for USDC and for the outcome token.</param>
/// <param name="Confirmations">Blocks on top of a balance or a settlement before it counts.</param>
/// <param name="LongestOrderLifeSeconds">
/// The contracts' longest life of a signed order. One without an expiry is ended here so long after it was taken.
/// </param>
/// <param name="LatestExpiry">
/// Unix seconds: a new order may expire at most then. Grows with each sign of life of settlement; null before the first one is final.
/// </param>
/// <param name="Vault">Approve it for USDC, and deposit there what is to be firm; null: there is none.</param>
/// <param name="WithdrawalBlocks">Of the vault's delay, as are the seconds; both must pass.</param>
/// <param name="ExpiryMarginSeconds">
/// So long before its signed expiry an order ends here, so that its trades reach a block in time; a new one must expire later than that.
/// </param>
public sealed record ChainView(
    long ChainId,
    string Factory,
    string Usdc,
    string OutcomeToken,
    int Confirmations,
    long? LongestOrderLifeSeconds = null,
    long? LatestExpiry = null,
    int ExpiryMarginSeconds = 0,
    string? Vault = null,
    long? WithdrawalBlocks = null,
    long? WithdrawalSeconds = null
);

/// <summary>Of the last 24 hours. In outcome 0's terms, because a binary market has one book.</summary>
public sealed record MarketStats(
    int MarketId,
    string? LastPrice,
    string Volume24h,
    string Notional24h,
    long Trades24h,
    string? BestBid,
    string? BestAsk
);

/// <param name="Firm">The part of the quantity that is paid from the vault; absent if there is none.</param>
public sealed record LevelView(
    string Price,
    string Quantity,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Firm = null
);

/// <param name="Checksum">CRC32C over the top 10 levels, so that a client finds an error in its own book; see docs/market-data.md.</param>
public sealed record DepthView(
    int MarketId,
    int OutcomeIndex,
    long Epoch,
    long Sequence,
    IReadOnlyList<LevelView> Bids,
    IReadOnlyList<LevelView> Asks,
    uint Checksum
);

/// <param name="OutcomeIndex">The taker's outcome; price and side are the taker's too.</param>
/// <param name="Firm">Every leg is paid from the vault, so that the trade is certain to settle.</param>
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
    long Sequence,
    bool Firm = false
);

/// <param name="Asset">"USDC", or "{marketId}:{outcome}".</param>
public sealed record BalanceView(string Asset, string Owned, string HeldByOrders, string HeldByTrades, string Available);

/// <param name="Balances">Of the wallet.</param>
/// <param name="Vault">Firm money: the free part of the account's purses in the vault (docs/firm-money.md).</param>
public sealed record AccountView(
    string Address,
    long ObservedBlock,
    IReadOnlyList<BalanceView> Balances,
    IReadOnlyList<BalanceView>? Vault = null
);

/// <summary>One page of a list. Pass <see cref="Next"/> as <c>cursor</c> for the next page; null at the end.</summary>
public sealed record Page<T>(IReadOnlyList<T> Items, string? Next);

/// <summary>A page of a list that is also read by position, for lists that people page through.</summary>
/// <param name="Next">Null where the list is in another order than its own, whose pages are read by <c>offset</c>.</param>
/// <param name="Total">Rows in all pages together.</param>
public sealed record CountedPage<T>(IReadOnlyList<T> Items, string? Next, long Total);

public static class ProblemCodes
{
    public const string MalformedRequest = "malformed_request";
    public const string BodyTooLarge = "body_too_large";
    public const string Unauthorized = "unauthorized";
    public const string NotFound = "not_found";
    public const string RateLimited = "rate_limited";

    /// <summary>
    /// Too many wrong admin keys came from the caller's address; a right one is not looked at either until the minute is over.
    /// </summary>
    public const string TooManyWrongKeys = "too_many_wrong_keys";

    public const string InvalidMarket = "invalid_market";
    public const string InvalidOutcome = "invalid_outcome";
    public const string InvalidSignature = "invalid_signature";
    public const string InvalidPrice = "invalid_price";
    public const string InvalidTick = "invalid_tick";
    public const string InvalidAmount = "invalid_amount";
    public const string InvalidTimeInForce = "invalid_time_in_force";
    public const string OrderExpired = "order_expired";
    public const string DuplicateOrder = "duplicate_order";

    /// <summary>
    /// The order came before with other terms outside its signature, and the first ones hold, so sign it with another salt.
    /// </summary>
    public const string OrderTermsDiffer = "order_terms_differ";

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

    /// <summary>The maker cancelled the order's salt before, so sign the order with another salt.</summary>
    public const string SaltCancelled = "salt_cancelled";

    /// <summary>
    /// The cancel meets no open order, and the account has as many such cancels as are remembered, so cancel the salt on chain.
    /// </summary>
    public const string CancelOnChain = "cancel_on_chain";

    /// <summary>The order's salt was cancelled on chain, so it can never settle. Sign it with another salt.</summary>
    public const string CancelledOnChain = "cancelled_on_chain";

    /// <summary>
    /// The order was filled, at least in part, directly on chain before it was placed, so sign a new one for the amount still wanted.
    /// </summary>
    public const string FilledOnChain = "filled_on_chain";

    /// <summary>
    /// No new order is taken, because the settlement role's last final sign of life on chain is too old: without another one the markets
    /// enter escape mode.
    /// </summary>
    public const string SettlementSilent = "settlement_silent";

    /// <summary>
    /// No order is firm now: the newest fact of the chain is too old, or settlement has as many firm trades as it can settle in time.
    /// </summary>
    public const string FirmUnavailable = "firm_unavailable";

    /// <summary>The market takes firm orders alone: deposit into the vault, or do not ask for the wallet.</summary>
    public const string FirmRequired = "firm_required";

    /// <summary>
    /// The maker announced the key that signed the order at the vault, and its delay is not over, or they have announced another since.
    /// </summary>
    public const string SigningKeyNotInForce = "signing_key_not_in_force";

    /// <summary>
    /// The order's expiry is later than the last final sign of life and the contracts' longest life of an order allow. Sign an earlier one,
    /// or none: such an order is ended here after that life.
    /// </summary>
    public const string ExpiryTooLate = "expiry_too_late";

    /// <summary>
    /// The order has not expired, but a trade of it might not reach a block before it does. Sign an expiry that is later by more than
    /// <see cref="ChainView.ExpiryMarginSeconds"/>.
    /// </summary>
    public const string ExpiryTooSoon = "expiry_too_soon";

    /// <summary>A withdrawal's deadline must be 1 to 60 minutes ahead.</summary>
    public const string InvalidDeadline = "invalid_deadline";

    public const string UnknownOrder = "unknown_order";
    public const string NotLeader = "not_leader";
    public const string InDoubt = "in_doubt";
    public const string Unavailable = "unavailable";

    /// <summary>A defect of ours made this command fail: nothing was done, and sending it again does not help.</summary>
    public const string CommandFailed = "command_failed";
}
