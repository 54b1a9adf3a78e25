namespace Foresight.Matching.Engine;

/// <summary>
/// In order of precedence: where several apply, the lowest number is reported. Codes 1..99 belong to the edge (shape, signature, limits),
/// 100 and above to the engine.
/// </summary>
public enum RejectReason : byte
{
    None = 0,
    InvalidMarket = 100,
    InvalidOutcome = 101,
    InvalidPrice = 102,
    InvalidTick = 103,
    InvalidAmount = 104,
    InvalidTimeInForce = 105,
    MarketClosed = 106,
    MarketPaused = 107,
    OrderExpired = 108,
    DuplicateOrder = 109,
    UnknownOrder = 110,
    NotOwner = 111,
    TooManyOrders = 112,
    InsufficientBalance = 113,
    WouldCross = 114,
    WouldNotFill = 115,
    SelfTrade = 116,
    UnknownTrade = 117,
    StaleObservation = 118,
    InvalidAccount = 119,
    SettlementBacklog = 120,

    NoRoom = 121,

    /// <summary>The newest fact of the chain is too old, or settlement has as many firm trades as it can settle in time.</summary>
    FirmUnavailable = 122,

    /// <summary>The market takes firm orders alone, and the order is to be paid from the wallet.</summary>
    FirmRequired = 123,
}

public enum CancelReason : byte
{
    None = 0,
    Requested = 1,
    ImmediateOrCancel = 2,
    SelfTrade = 3,
    Unfunded = 4,
    MarketClosed = 5,
    Replaced = 6,
    Expired = 7,
    Administrator = 8,
    BudgetSpent = 9,
    FilledOnChain = 10,

    /// <summary>The next trade would have been one firm trade more than may be unsettled.</summary>
    FirmUnavailable = 11,
}
