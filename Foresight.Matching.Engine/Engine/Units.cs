namespace Foresight.Matching.Engine;

/// <summary>
/// In ticks of 0.0001 USDC. Valid 1..9999, because a complete set is worth one USDC, so one share of it is worth less. On chain: <c>price6
/// = Ticks * 100</c>.
/// </summary>
public readonly record struct Price(int Ticks)
{
    public const int TicksPerUnit = 10_000;
    public const int MinTicks = 1;
    public const int MaxTicks = TicksPerUnit - 1;

    /// <summary>Buying NO at q is selling YES at 1 - q, so this is the price of the other outcome of a binary market.</summary>
    public Price Complement => new(TicksPerUnit - Ticks);

    // A record's default text would print the complement, which prints its complement, and so on without end.
    public override string ToString() => $"{Ticks} ticks";

    /// <summary>
    /// One lot at one tick costs one micro-USDC, so the product is exact. Throws <see cref="OverflowException"/> beyond 64 bits.
    /// </summary>
    public static Amount operator *(Price price, Quantity quantity) => new(checked(price.Ticks * quantity.Lots));
}

/// <summary>
/// Lots of 0.01 share, so that a lot at one tick costs one micro-USDC and nothing is rounded. Valid 1..10^12. On chain: <c>amount18 =
/// Lots * 10^16</c>.
/// </summary>
public readonly record struct Quantity(long Lots)
{
    public const long MinLots = 1;
    public const long MaxLots = 1_000_000_000_000;
}

/// <summary>Micro-USDC (10^-6), the collateral token's own unit, so nothing is converted at the chain.</summary>
public readonly record struct Amount(long Micros);

/// <summary>Assigned to an address once, from 1 without gaps, because account rows are an array.</summary>
public readonly record struct AccountId(int Value);

/// <summary>From 1, because in the key of a holding 0 stands for collateral.</summary>
public readonly record struct MarketId(int Value);

/// <summary>
/// Sequence of the command that placed the order, with the shard in the upper 16 bits, so that shards need no common counter.
/// </summary>
public readonly record struct OrderId(long Value)
{
    public long Sequence => Value & ((1L << ExchangeEngine.NumberBits) - 1);
}

/// <summary>
/// From 1 without gaps, with the shard in the upper 16 bits, so that it is unique on chain, where trades are recognised by it
/// (docs/decisions/0600).
/// </summary>
public readonly record struct TradeId(long Value);
