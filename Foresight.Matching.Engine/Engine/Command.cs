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

/// <summary>FAK, the name some clients use, is <see cref="ImmediateOrCancel"/>.</summary>
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
/// One input of the exchange. Everything that the outcome depends on is in it: time and identity too.
/// A field that a kind does not use is zero, so two equal commands have equal encodings.
/// </summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct Command
{
    /// <summary>Outcome number that stands for the collateral token (USDC) in <see cref="CommandKind.ObserveBalance"/>.</summary>
    public const byte CollateralOutcome = byte.MaxValue;

    public CommandKind Kind { get; init; }

    /// <summary>Gap-free number in the shard's journal, from 1.</summary>
    public long Sequence { get; init; }

    /// <summary>When the leader sequenced it: microseconds since the Unix epoch. Never decreases.</summary>
    public long AcceptedAtMicros { get; init; }

    /// <summary>
    /// 0 in <see cref="CommandKind.CancelBySalt"/> and <see cref="CommandKind.CancelAllOfAccount"/> stands for every market.
    /// </summary>
    public MarketId Market { get; init; }

    /// <summary>In <see cref="CommandKind.CancelOrder"/>, 0 stands for the operator, who may cancel anybody's order.</summary>
    public AccountId Account { get; init; }

    /// <summary>
    /// The order that a cancel, replace or reduction is about. A new order's id, also of one that
    /// replaces another, is made from <see cref="Sequence"/>.
    /// </summary>
    public OrderId Order { get; init; }

    /// <summary>The trade that settled or was bust.</summary>
    public TradeId Trade { get; init; }

    /// <summary>Outcome of the market, 0-based; <see cref="CollateralOutcome"/> for USDC; the winner in a resolution.</summary>
    public byte Outcome { get; init; }

    public Side Side { get; init; }

    /// <summary>Place: the limit. Replace: the new limit.</summary>
    public Price Price { get; init; }

    /// <summary>
    /// Place: the size. Replace: the new open quantity. Reduce: the most that may stay open. ObserveBalance of shares: what the account
    /// owns.
    /// </summary>
    public Quantity Quantity { get; init; }

    /// <summary>
    /// Place: spend at most this much (0: no money bound), for buys that are <see cref="TimeInForce.ImmediateOrCancel"/> or
    /// <see cref="TimeInForce.FillOrKill"/>. ObserveBalance of collateral: what the account owns.
    /// </summary>
    public Amount Amount { get; init; }

    public TimeInForce TimeInForce { get; init; }
    public bool PostOnly { get; init; }
    public SelfTradePrevention SelfTradePrevention { get; init; }

    /// <summary>Unix seconds after which the order may not trade; 0: never, as is any time after 2106.</summary>
    public long ExpiresAtSeconds { get; init; }

    /// <summary>First 8 bytes of keccak256(salt), so that all orders of one account under one salt can be cancelled.</summary>
    public ulong SaltTag { get; init; }

    /// <summary>ListMarket: number of outcomes, 2..8.</summary>
    public byte Outcomes { get; init; }

    /// <summary>ListMarket: coarseness of prices, 1, 10 or 100 ticks.</summary>
    public int TickSize { get; init; }

    public MarketState State { get; init; }

    /// <summary>
    /// Block at which a balance was read or in which a trade was settled. A holding that was observed at or after a trade's block has the
    /// trade in it.
    /// </summary>
    public long Block { get; init; }
}
