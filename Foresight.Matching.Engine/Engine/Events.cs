namespace Foresight.Matching.Engine;

/// <summary>
/// A set of all outcomes is worth one USDC, so buyers of every outcome are served by minting one, sellers of every outcome by merging one.
/// </summary>
public enum TradeKind : byte
{
    Direct = 0,

    Mint = 1,

    Merge = 2,
}

/// <summary>
/// The command itself changed nothing, but orders that were due to expire may have been cancelled in the same call: that comes before any
/// command is looked at.
/// </summary>
public readonly record struct CommandRejected(long Sequence, CommandKind Kind, RejectReason Reason);

/// <summary>Its <see cref="Legs"/> fills follow immediately, the taker's first, so that a sink has only one trade to remember.</summary>
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
    bool IsTaker,
    Purse Purse
);

/// <summary>
/// The order left the book, or never rested. After <see cref="CancelReason.Replaced"/> its successor's acceptance follows immediately.
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
    /// <summary>Its fills, if any, follow. No event reports that the rest rests in the book: it does unless a cancel follows.</summary>
    /// <param name="purse">Which one pays, where the command leaves the choice.</param>
    /// <param name="placed">The command that placed it; for a replacement with what it keeps of the replaced order.</param>
    void OnAccepted(OrderId order, Purse purse, in Command placed);

    void OnRejected(in CommandRejected e);
    void OnTrade(in TradeExecuted e);
    void OnFilled(in OrderFilled e);
    void OnCancelled(in OrderCancelled e);
    void OnReplaced(in OrderReplaced e);
    void OnMarketChanged(in MarketChanged e);
    void OnTradeClosed(in TradeClosed e);

    void OnBalanceTouched(AccountId account, MarketId market, byte outcome, Purse purse);
}

/// <summary>Micro-USDC of collateral, or lots of shares.</summary>
/// <param name="Owned">
/// The last observation of the chain (in the vault: of its free part), plus the effects of trades settled since. Negative for a moment
/// when money was spent that no observation had shown (docs/decisions/0103).
/// </param>
/// <param name="OrderHold">Reserved by resting orders.</param>
/// <param name="TradeHold">
/// Reserved by trades that are matched and not yet settled, and by withdrawals that were co-signed and are neither paid nor lapsed.
/// </param>
public readonly record struct Holding(long Owned, long OrderHold, long TradeHold)
{
    public long Available => Owned - OrderHold - TradeHold;
}

public readonly record struct DepthLevel(Price Price, Quantity Quantity);
