using System.Runtime.CompilerServices;

namespace Foresight.Matching.Engine.Trades;

internal struct TradeLeg
{
    public long Order;
    public int Account;

    public ushort PriceTicks;
    public byte Outcome;
    public Side Side;
}

/// <summary>
/// A matched and unsettled trade. With two legs it takes 64 bytes, one cache line; a complete set of more outcomes continues in further
/// records.
/// </summary>
internal struct TradeRecord
{
    public const int InlineLegs = 2;

    public long Number;
    public long Quantity;

    /// <summary>
    /// The trade's market; then the next slot of the same hash bucket (or of the free list), and the record that continues this one; 0 for
    /// none.
    /// </summary>
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
