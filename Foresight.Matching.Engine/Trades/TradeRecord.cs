using System.Runtime.CompilerServices;

namespace Foresight.Matching.Engine.Trades;

/// <summary>One order's part in a trade.</summary>
internal struct TradeLeg
{
    /// <summary>Number of the order (its id without the shard).</summary>
    public long Order;
    public int Account;

    /// <summary>In the order's own terms, as outcome and side are.</summary>
    public ushort PriceTicks;
    public byte Outcome;
    public Side Side;
}

/// <summary>
/// A matched trade that is not settled. 64 bytes, one cache line, with two legs; a complete set of more outcomes continues in further
/// records.
/// </summary>
internal struct TradeRecord
{
    /// <summary>Legs in one record.</summary>
    public const int InlineLegs = 2;

    /// <summary>0 when the slot is free or a continuation.</summary>
    public long Number;
    public long Quantity;

    /// <summary>Of the market; the next slot of the same hash bucket (or free); the record that continues this one; 0 for none.</summary>
    public int Market;
    public int NextInBucket;
    public int Continuation;
    public TradeKind Kind;
    public byte Legs;
    public LegPair Inline;

    [InlineArray(InlineLegs)]
    public struct LegPair
    {
        private TradeLeg _first;
    }
}
