namespace Foresight.Matching.Engine.Holdings;

/// <summary>One account's holding of one asset: micro-USDC of collateral, or lots of the shares of one outcome.</summary>
internal struct HoldingRow
{
    public long Owned;
    public long OrderHold;
    public long TradeHold;

    /// <summary>Block of the last observation; 0 before the first.</summary>
    public long Block;

    /// <summary>Account and asset, see <see cref="KeyOf"/>.</summary>
    public ulong Key;

    /// <summary>The next row of the same hash bucket; 0 at the end.</summary>
    public int NextInBucket;

    public readonly int Account => unchecked((int)(Key >> 32));

    /// <summary>0 for collateral.</summary>
    public readonly int Market => unchecked((int)(uint)Key >>> 8);

    /// <summary><see cref="Command.CollateralOutcome"/> for collateral.</summary>
    public readonly byte Outcome => unchecked((byte)Key);

    public readonly long Available => Owned - OrderHold - TradeHold;

    /// <summary>A blank row is equivalent to none: it is neither hashed nor written to a snapshot, so both stay canonical.</summary>
    public readonly bool IsBlank => (Owned | OrderHold | TradeHold | Block) == 0;

    /// <summary>Packs account, market and outcome. A market id has 20 bits.</summary>
    public static ulong KeyOf(int account, int market, int outcome) =>
        unchecked(((ulong)(uint)account << 32) | ((uint)market << 8) | (uint)outcome);
}
