namespace Foresight.Matching.Engine;

/// <summary>Every bound of the exchange core, and what happens at it.</summary>
public static class ExchangeLimits
{
    /// <summary>Open orders of one account; one more is refused with <see cref="RejectReason.TooManyOrders"/>.</summary>
    public const int OpenOrdersPerAccount = 10_000;

    /// <summary>Open orders of one market; one more is refused with <see cref="RejectReason.TooManyOrders"/>.</summary>
    public const int OpenOrdersPerMarket = 2_000_000;

    /// <summary>
    /// Trades that may be matched and not yet settled. At the limit orders that would trade are refused with
    /// <see cref="RejectReason.SettlementBacklog"/>. The order that reaches it may still finish: each trade of it but the last uses up a
    /// resting order, so it adds at most <see cref="OpenOrdersPerMarket"/>. Two legs take 64 bytes and an entry of the index 4 to 8: 290 MB
    /// of trades of two legs, 1.1 GB of complete sets of eight; half as much again behind the largest last order, and a quarter in reserve.
    /// </summary>
    public const int UnsettledTrades = 4_000_000;

    /// <summary>Largest account number; account rows are an array. Beyond: <see cref="RejectReason.InvalidAccount"/>.</summary>
    public const int Accounts = 16_000_000;

    /// <summary>Largest market number; market rows are an array. Beyond: <see cref="RejectReason.InvalidMarket"/>.</summary>
    public const int Markets = 1_000_000;

    /// <summary>
    /// Pairs of account and asset that may ever have been seen: 27 bits in an order's record. 48 bytes each, so 6 GB. At the limit an
    /// observation or a settlement that would need another is refused with <see cref="RejectReason.NoRoom"/>.
    /// </summary>
    public const int Holdings = (1 << 27) - 1;

    /// <summary>
    /// Sides of books: two for a binary market, two for each outcome of another. All of <see cref="Markets"/> if they have four outcomes on
    /// average. Each has an entry for its every page of prices in one array, which at the limit has 1.3 billion; twice as many could not be
    /// indexed. One more market is refused with <see cref="RejectReason.NoRoom"/>.
    /// </summary>
    public const int Ladders = 1 << 23;

    public const int MinOutcomes = 2;
    public const int MaxOutcomes = 8;

    /// <summary>
    /// Most that one account can be observed to own of one asset (a hundred billion USDC, more than there are). So a holding stays far from
    /// the end of 64 bits. Beyond: <see cref="RejectReason.InvalidAmount"/>.
    /// </summary>
    public const long OwnedUnits = 100_000_000_000_000_000;
}
