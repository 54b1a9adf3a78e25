namespace Foresight.Matching.Engine;

public static class ExchangeLimits
{
    /// <summary>
    /// Bounds the walk over an account's orders in one command (cancel-all, cancel by salt, lost funds). One more order is refused with
    /// <see cref="RejectReason.TooManyOrders"/>.
    /// </summary>
    public const int OpenOrdersPerAccount = 10_000;

    /// <summary>
    /// Bounds what one command can cancel when a market closes, and how many trades one order can make. One more order is refused with
    /// <see cref="RejectReason.TooManyOrders"/>.
    /// </summary>
    public const int OpenOrdersPerMarket = 2_000_000;

    /// <summary>
    /// Matched and unsettled trades. At the limit, orders that would trade are refused with <see cref="RejectReason.SettlementBacklog"/>.
    /// The order that reaches it may still finish: each of its trades but the last uses up a resting order, so it adds at most <see
    /// cref="OpenOrdersPerMarket"/>. Two legs take 64 bytes, and an index entry 4 to 8: 290 MB for trades of two legs, 1.1 GB for complete
    /// sets of eight; half as much again behind the largest last order, and a quarter in reserve.
    /// </summary>
    public const int UnsettledTrades = 4_000_000;

    /// <summary>Largest account id: account rows are an array. Beyond: <see cref="RejectReason.InvalidAccount"/>.</summary>
    public const int Accounts = 16_000_000;

    /// <summary>Largest market id: market rows are an array. Beyond: <see cref="RejectReason.InvalidMarket"/>.</summary>
    public const int Markets = 1_000_000;

    /// <summary>
    /// Pairs of account and asset ever seen: 27 bits in an order's record. 48 bytes each, so 6 GB. At the limit an observation or a
    /// settlement that needs another is refused with <see cref="RejectReason.NoRoom"/>.
    /// </summary>
    public const int Holdings = (1 << 27) - 1;

    /// <summary>
    /// Sides of books: two for a binary market, two per outcome of any other. Enough for all of <see cref="Markets"/> with four outcomes on
    /// average. Each has an entry for every page of prices in one array of 1.3 billion entries at the limit; twice as many could not be
    /// indexed by an int. One more market is refused with <see cref="RejectReason.NoRoom"/>.
    /// </summary>
    public const int Ladders = 1 << 23;

    /// <summary>
    /// Withdrawals that are co-signed, and neither paid nor lapsed; each has a deadline. One more is refused with
    /// <see cref="RejectReason.NoRoom"/>.
    /// </summary>
    public const int Withdrawals = 1_000_000;

    /// <summary>Those of one account, so that none takes the places of all.</summary>
    public const int WithdrawalsOfAccount = 100;

    public const int MinOutcomes = 2;
    public const int MaxOutcomes = 8;

    /// <summary>
    /// Largest holding of one asset that can be observed (a hundred billion USDC, more than exist), so that sums of holdings stay far from
    /// the limit of 64 bits. Beyond: <see cref="RejectReason.InvalidAmount"/>.
    /// </summary>
    public const long OwnedUnits = 100_000_000_000_000_000;
}
