using System.Runtime.InteropServices;

namespace Foresight.Matching.Engine;

public enum CommandKind : byte
{
    None = 0,
    ListMarket = 1,
    SetMarketState = 2,
    PlaceOrder = 3,
    CancelOrder = 4,
    CancelBySalt = 5,
    CancelAllOfAccount = 6,
    CancelAllOfMarket = 7,
    ReplaceOrder = 8,
    ObserveBalance = 9,
    SettleTrade = 10,
    BustTrade = 11,
    ExpireOrders = 12,
    ReduceOrder = 13,
}

public enum Side : byte
{
    Buy = 0,
    Sell = 1,
}

/// <summary>Known as FAK (fill and kill) to some clients: <see cref="ImmediateOrCancel"/>.</summary>
public enum TimeInForce : byte
{
    GoodTilCancelled = 0,
    GoodTilDate = 1,
    ImmediateOrCancel = 2,
    FillOrKill = 3,
}

public enum SelfTradePrevention : byte
{
    CancelNewest = 0,
    CancelOldest = 1,
    CancelBoth = 2,
}

public enum MarketState : byte
{
    Open = 0,
    Paused = 1,
    Closed = 2,
    Resolved = 3,
}

/// <summary>
/// One input of the engine. It contains everything on which the result depends, including time and identity. Fields that a kind does not
/// use are zero, so that equal commands have equal encodings.
/// </summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct Command
{
    /// <summary>
    /// Means collateral (USDC) in <see cref="CommandKind.ObserveBalance"/>. Above every outcome of a market, so that one field names either
    /// asset.
    /// </summary>
    public const byte CollateralOutcome = byte.MaxValue;

    public CommandKind Kind { get; init; }

    /// <summary>Number in the shard's journal, from 1 without gaps: the engine accepts no other than the next.</summary>
    public long Sequence { get; init; }

    /// <summary>Time at which the leader sequenced it, in microseconds since the Unix epoch. Never decreases.</summary>
    public long AcceptedAtMicros { get; init; }

    /// <summary>In <see cref="CommandKind.CancelBySalt"/> and <see cref="CommandKind.CancelAllOfAccount"/>, 0 means every market.</summary>
    public MarketId Market { get; init; }

    /// <summary>In <see cref="CommandKind.CancelOrder"/>, 0 means the operator, who may cancel any account's order.</summary>
    public AccountId Account { get; init; }

    /// <summary>
    /// The order that a cancel, replace or reduction refers to. The id of a new order, also of one that replaces another, is derived from
    /// <see cref="Sequence"/>.
    /// </summary>
    public OrderId Order { get; init; }

    public TradeId Trade { get; init; }

    /// <summary>Outcome of the market, from 0; <see cref="CollateralOutcome"/> for USDC; the winner in a resolution.</summary>
    public byte Outcome { get; init; }

    public Side Side { get; init; }

    public Price Price { get; init; }

    /// <summary>
    /// Place: the size. Replace: the new open quantity. Reduce: the most that may stay open. ObserveBalance of shares: the account's
    /// holding.
    /// </summary>
    public Quantity Quantity { get; init; }

    /// <summary>
    /// Place: the most to spend (0: no limit), for buys that are <see cref="TimeInForce.ImmediateOrCancel"/> or <see
    /// cref="TimeInForce.FillOrKill"/>. ObserveBalance of collateral: the account's holding.
    /// </summary>
    public Amount Amount { get; init; }

    public TimeInForce TimeInForce { get; init; }
    public bool PostOnly { get; init; }
    public SelfTradePrevention SelfTradePrevention { get; init; }

    /// <summary>Unix seconds after which the order may not trade; 0, like any time after 2106, means never.</summary>
    public long ExpiresAtSeconds { get; init; }

    /// <summary>First 8 bytes of keccak256(salt), by which all orders of an account with the same salt can be cancelled.</summary>
    public ulong SaltTag { get; init; }

    /// <summary>ListMarket: number of outcomes, 2 to <see cref="ExchangeLimits.MaxOutcomes"/>.</summary>
    public byte Outcomes { get; init; }

    /// <summary>ListMarket: price increment, 1, 10 or 100 ticks.</summary>
    public int TickSize { get; init; }

    public MarketState State { get; init; }

    /// <summary>
    /// Block at which a balance was read or a trade was settled. A holding observed at or after a trade's block already includes the trade.
    /// </summary>
    public long Block { get; init; }
}
