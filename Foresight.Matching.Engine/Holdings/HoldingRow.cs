namespace Foresight.Matching.Engine.Holdings;

internal struct HoldingRow
{
    private const int VaultShift = 31;
    private const int MarketShift = 8;
    private const uint MarketMask = (1u << 20) - 1;

    public long Owned;
    public long OrderHold;
    public long TradeHold;

    public long Block;

    public ulong Key;

    public int NextInBucket;

    public readonly int Account => unchecked((int)(Key >> 32));

    public readonly int Market => unchecked((int)((uint)Key >> MarketShift & MarketMask));

    public readonly byte Outcome => unchecked((byte)Key);

    public readonly Purse Purse => unchecked((Purse)((uint)Key >> VaultShift));

    public readonly long Available => Owned - OrderHold - TradeHold;

    /// <summary>A blank row is equivalent to none: it is neither hashed nor written to a snapshot, so both stay canonical.</summary>
    public readonly bool IsBlank => (Owned | OrderHold | TradeHold | Block) == 0;

    /// <summary>
    /// The outcome takes 8 bits and a market id 20 (<see cref="ExchangeLimits.Markets"/>), so both fit below the account's 32, and the
    /// purse above them. Each purse is a holding of its own, so no hold can mix them.
    /// </summary>
    public static ulong KeyOf(int account, int market, int outcome, Purse purse) =>
        unchecked(((ulong)(uint)account << 32) | ((uint)purse << VaultShift) | ((uint)market << MarketShift) | (uint)outcome);
}
