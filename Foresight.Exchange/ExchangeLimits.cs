namespace Foresight.Exchange;

/// <summary>Every bound of the exchange core, and what happens at it.</summary>
public static class ExchangeLimits
{
    /// <summary>Open orders of one account; one more is refused with <see cref="RejectReason.TooManyOrders"/>.</summary>
    public const int OpenOrdersPerAccount = 10_000;

    /// <summary>Open orders of one market; one more is refused with <see cref="RejectReason.TooManyOrders"/>.</summary>
    public const int OpenOrdersPerMarket = 2_000_000;

    /// <summary>
    /// Trades that may be matched and not yet settled. At the limit new orders are refused with
    /// <see cref="RejectReason.SettlementBacklog"/>; the order that reaches it may still finish. 64 bytes each, so at most about 300 MB.
    /// </summary>
    public const int UnsettledTrades = 4_000_000;

    /// <summary>Largest account number; account rows are an array. Beyond: <see cref="RejectReason.InvalidAccount"/>.</summary>
    public const int Accounts = 16_000_000;

    /// <summary>Largest market number; market rows are an array. Beyond: <see cref="RejectReason.InvalidMarket"/>.</summary>
    public const int Markets = 1_000_000;

    /// <summary>Pairs of account and asset that may ever have been seen: 27 bits in an order's record. 48 bytes each, so 6 GB.</summary>
    public const int Holdings = (1 << 27) - 1;

    public const int MinOutcomes = 2;
    public const int MaxOutcomes = 8;

    /// <summary>
    /// Most that one account can be observed to own of one asset (a hundred billion USDC, more than there are). So a holding stays far from
    /// the end of 64 bits. Beyond: <see cref="RejectReason.InvalidAmount"/>.
    /// </summary>
    public const long OwnedUnits = 100_000_000_000_000_000;
}
