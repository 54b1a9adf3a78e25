namespace Foresight.Matching.Engine;

/// <summary>Derived from the command once, so that it is not derived again for each resting order that matching meets.</summary>
internal struct IncomingOrder
{
    public long Number;
    public int Account;
    public int Market;

    public int HoldingRow;

    public int Ladder;
    public int Key;
    public byte Outcome;
    public Side Side;
    public SelfTradePrevention SelfTradePrevention;
    public Purse Purse;
    public bool FirmOnly;

    /// <summary>0 for a binary market, in whose single book no complete set competes.</summary>
    public byte SetOutcomes;
    public int TickSize;

    public long Unfilled;

    public long Budget;

    public CancelReason Stopped;

    public readonly int LadderOfOutcome(int other) => Ladder + ((other - Outcome) << 1);

    public readonly int Against => Ladder ^ 1;

    public readonly int LimitKey => Price.TicksPerUnit - Key;

    /// <summary>Never true without a budget, which is <see cref="long.MaxValue"/>, so the caller needs no test for that.</summary>
    public readonly bool IsSpent(int key) => Budget < key;

    public readonly int PriceAt(int key) => ExchangeEngine.PriceOf(Side ^ Side.Sell, key);
}
