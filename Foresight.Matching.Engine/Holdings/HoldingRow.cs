namespace Foresight.Matching.Engine.Holdings;

internal struct HoldingRow
{
    public long Owned;
    public long OrderHold;
    public long TradeHold;

    public long Block;

    public ulong Key;

    public int NextInBucket;

    public readonly int Account => unchecked((int)(Key >> 32));

    public readonly int Market => unchecked((int)(uint)Key >>> 8);

    public readonly byte Outcome => unchecked((byte)Key);

    public readonly long Available => Owned - OrderHold - TradeHold;

    /// <summary>A blank row is equivalent to none: it is neither hashed nor written to a snapshot, so both stay canonical.</summary>
    public readonly bool IsBlank => (Owned | OrderHold | TradeHold | Block) == 0;

    /// <summary>
    /// The outcome takes 8 bits and a market id 20 (<see cref="ExchangeLimits.Markets"/>), so both fit below the account's 32.
    /// </summary>
    public static ulong KeyOf(int account, int market, int outcome) =>
        unchecked(((ulong)(uint)account << 32) | ((uint)market << 8) | (uint)outcome);
}
