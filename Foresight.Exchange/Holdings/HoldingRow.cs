namespace Foresight.Exchange.Holdings;

/// <summary>What one account holds of one asset: micro-USDC of collateral, or lots of the shares of one outcome.</summary>
internal struct HoldingRow
{
    public long Owned;
    public long OrderHold;
    public long TradeHold;

    /// <summary>Block of the last observation, 0 before the first.</summary>
    public long Block;

    public int Account;

    /// <summary>0 for collateral.</summary>
    public int Market;

    /// <summary><see cref="Command.CollateralOutcome"/> for collateral.</summary>
    public int Outcome;

    /// <summary>The next row of the same hash bucket, 0 at the end.</summary>
    public int NextInBucket;

    public readonly long Available => Owned - OrderHold - TradeHold;

    /// <summary>A row without content is the same as no row: neither hashed nor written to a snapshot.</summary>
    public readonly bool IsBlank => (Owned | OrderHold | TradeHold | Block) == 0;
}
