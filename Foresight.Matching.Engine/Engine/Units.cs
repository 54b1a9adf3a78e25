namespace Foresight.Matching.Engine;

/// <summary>Price of one share, in ticks of 0.0001 USDC. Valid 1..9999. On chain: <c>price6 = Ticks * 100</c>.</summary>
public readonly record struct Price(int Ticks)
{
    /// <summary>Ticks in one USDC, the redemption value of a complete set of shares.</summary>
    public const int TicksPerUnit = 10_000;
    public const int MinTicks = 1;
    public const int MaxTicks = TicksPerUnit - 1;

    /// <summary>Price of the other outcome of a binary market: buying NO at q is selling YES at 1 - q.</summary>
    public Price Complement => new(TicksPerUnit - Ticks);

    // A record's default text would print the complement, which prints its complement, and so on without end.
    public override string ToString() => $"{Ticks} ticks";

    /// <summary>
    /// One lot at one tick costs one micro-USDC, so the product is exact. Throws <see cref="OverflowException"/> beyond 64 bits.
    /// </summary>
    public static Amount operator *(Price price, Quantity quantity) => new(checked(price.Ticks * quantity.Lots));
}

/// <summary>Size of an order or fill, in lots of 0.01 share. Valid 1..10^12. On chain: <c>amount18 = Lots * 10^16</c>.</summary>
public readonly record struct Quantity(long Lots)
{
    public const long MinLots = 1;
    public const long MaxLots = 1_000_000_000_000;
}

/// <summary>Money, in micro-USDC (10^-6), which is also the unit of the collateral token.</summary>
public readonly record struct Amount(long Micros);

/// <summary>Number that the journal assigns to an address once, from 1 without gaps, at most 2^31 - 1.</summary>
public readonly record struct AccountId(int Value);

/// <summary>Number of a market, from 1: in the key of a holding 0 stands for collateral.</summary>
public readonly record struct MarketId(int Value);

/// <summary>
/// Sequence of the command that placed the order, with the shard in the upper 16 bits, so that shards need no common counter.
/// </summary>
public readonly record struct OrderId(long Value);

/// <summary>Number of a trade, from 1 without gaps, with the shard in the upper 16 bits. Unique on chain.</summary>
public readonly record struct TradeId(long Value);
