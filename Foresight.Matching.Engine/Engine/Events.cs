namespace Foresight.Matching.Engine;

public enum TradeKind : byte
{
    Direct = 0,

    /// <summary>Buyers of every outcome: a complete set is minted from their collateral.</summary>
    Mint = 1,

    /// <summary>Sellers of every outcome: a complete set is merged back into collateral.</summary>
    Merge = 2,
}

/// <summary>An order passed every check. Its fills, if any, follow; the rest then rests in the book unless a cancel follows.</summary>
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

/// <summary>Header of a trade; its <see cref="Legs"/> fills follow immediately, the taker's first.</summary>
public readonly record struct TradeExecuted(TradeId Trade, MarketId Market, TradeKind Kind, Quantity Quantity, byte Legs);

/// <summary>
/// In the order's own terms (outcome, side, price), because the book of a binary market holds orders of outcome 1 mirrored.
/// </summary>
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
/// An order left the book, or never rested, with this quantity unfilled. After <see cref="CancelReason.Replaced"/> its successor's <see
/// cref="OrderAccepted"/> follows immediately.
/// </summary>
public readonly record struct OrderCancelled(OrderId Order, MarketId Market, AccountId Account, Quantity Remaining, CancelReason Reason);

/// <summary>
/// An order was reduced in place, by its owner or because part of it was filled on chain. Its price never changes: another price needs
/// another signature, which makes it another order.
/// </summary>
public readonly record struct OrderReplaced(OrderId Order, MarketId Market, Quantity Remaining, Price Price);

public readonly record struct MarketChanged(MarketId Market, MarketState State);

public readonly record struct TradeClosed(TradeId Trade, bool Settled);

/// <summary>
/// The engine's events of a command, in order. Implement it as a struct: the engine's methods are generic over it, so that the calls are
/// inlined. Called on the engine's thread; must not call back into the engine.
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

    void OnBalanceTouched(AccountId account, MarketId market, byte outcome);
}

/// <summary>An account's holding of one asset: micro-USDC of collateral, or lots of shares.</summary>
/// <param name="Owned">The last observation of the chain, plus the effects of trades settled since.</param>
/// <param name="OrderHold">Reserved by resting orders.</param>
/// <param name="TradeHold">Reserved by trades that are matched and not yet settled.</param>
public readonly record struct Holding(long Owned, long OrderHold, long TradeHold)
{
    public long Available => Owned - OrderHold - TradeHold;
}

public readonly record struct DepthLevel(Price Price, Quantity Quantity);
