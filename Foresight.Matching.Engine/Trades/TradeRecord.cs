using System.Runtime.CompilerServices;

namespace Foresight.Matching.Engine.Trades;

internal struct TradeLeg
{
    public long Order;
    public int Account;

    public ushort PriceTicks;
    public byte Outcome;

    /// <summary>Side in one bit, purse in the next: with a byte more, a trade of two legs would not fit into a cache line.</summary>
    public byte Terms;

    public readonly Side Side => (Side)(Terms & 1);

    public readonly Purse Purse => (Purse)(Terms >> 1);

    public static byte TermsOf(Side side, Purse purse) => unchecked((byte)((int)side | ((int)purse << 1)));
}

/// <summary>With two legs it takes 64 bytes, one cache line; a complete set of more outcomes continues in further records.</summary>
internal struct TradeRecord
{
    public const int InlineLegs = 2;

    public long Number;
    public long Quantity;

    public int Market;

    /// <summary>A free slot is in no bucket, so this field links the free list too.</summary>
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
