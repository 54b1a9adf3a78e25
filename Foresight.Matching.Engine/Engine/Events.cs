namespace Foresight.Matching.Engine;

public enum TradeKind : byte
{
    /// <summary>A buyer and a seller of the same outcome.</summary>
    Direct = 0,

    /// <summary>Buyers of every outcome: a complete set is made from their collateral.</summary>
    Mint = 1,

    /// <summary>Sellers of every outcome: a complete set is turned back into collateral.</summary>
    Merge = 2,
}

/// <summary>An order passed every check. Fills, if any, follow; what is left rests unless a cancel follows.</summary>
public readonly record struct OrderAccepted(
    OrderId Order,
    MarketId Market,
    AccountId Account,
    byte Outcome,
    Side Side,
    Price Price,
    Quantity Quantity
);

/// <summary>The command changed nothing. Orders that were due to expire may have been cancelled before it, in the same call.</summary>
public readonly record struct CommandRejected(long Sequence, CommandKind Kind, RejectReason Reason);

/// <summary>Header of a trade; its <see cref="Legs"/> fills follow at once, the taker's first.</summary>
public readonly record struct TradeExecuted(TradeId Trade, MarketId Market, TradeKind Kind, Quantity Quantity, byte Legs);

/// <summary>One side of a trade, in the order's own terms (its outcome, its side, the price it pays or gets).</summary>
/// <param name="Remaining">What is left of the order after this fill.</param>
public readonly record struct OrderFilled(
    TradeId Trade,
    byte Leg,
    OrderId Order,
    AccountId Account,
    byte Outcome,
    Side Side,
    Price Price,
    Quantity Quantity,
    Quantity Remaining,
    bool IsTaker
);

/// <summary>
/// An order left the book, or never rested, with this much unfilled. After <see cref="CancelReason.Replaced"/> its successor's
/// <see cref="OrderAccepted"/> follows at once.
/// </summary>
public readonly record struct OrderCancelled(OrderId Order, MarketId Market, AccountId Account, Quantity Remaining, CancelReason Reason);

/// <summary>An order was made smaller in place, by its owner or because the chain filled some of it. Its price never changes.</summary>
public readonly record struct OrderReplaced(OrderId Order, MarketId Market, Quantity Remaining, Price Price);

public readonly record struct MarketChanged(MarketId Market, MarketState State);

/// <summary>A trade left the "matched, unsettled" state.</summary>
public readonly record struct TradeClosed(TradeId Trade, bool Settled);

/// <summary>
/// What the exchange tells of a command, in order. Implement it as a struct: the engine's methods are generic over it, so
/// that reporting is inlined. Called on the engine's thread; must not call back into the engine.
/// </summary>
public interface IExchangeEvents
{
    void OnAccepted(in OrderAccepted e);
    void OnRejected(in CommandRejected e);
    void OnTrade(in TradeExecuted e);
    void OnFilled(in OrderFilled e);
    void OnCancelled(in OrderCancelled e);
    void OnReplaced(in OrderReplaced e);
    void OnMarketChanged(in MarketChanged e);
    void OnTradeClosed(in TradeClosed e);

    /// <summary>An account's holds or what it owns changed; read the new figures with <see cref="ExchangeEngine.Balance"/>.</summary>
    void OnBalanceTouched(AccountId account, MarketId market, byte outcome);
}

/// <summary>An account's holdings of one asset: micro-USDC for collateral, lots for shares.</summary>
/// <param name="Owned">What the chain said last, moved by trades settled since.</param>
/// <param name="OrderHold">Reserved by resting orders.</param>
/// <param name="TradeHold">Reserved by trades that are matched and not yet settled.</param>
public readonly record struct Holding(long Owned, long OrderHold, long TradeHold)
{
    public long Available => Owned - OrderHold - TradeHold;
}

/// <summary>One price level of a book, best first.</summary>
public readonly record struct DepthLevel(Price Price, Quantity Quantity);
