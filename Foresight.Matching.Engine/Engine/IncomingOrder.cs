namespace Foresight.Matching.Engine;

/// <summary>What matching needs of the command, derived once and not again for each resting order that it meets.</summary>
internal struct IncomingOrder
{
    public long Number;
    public int Account;
    public int Market;

    public int HoldingRow;

    /// <summary>Ladder and key at which it would rest; it trades with the opposite ladder up to <see cref="LimitKey"/>.</summary>
    public int Ladder;
    public int Key;
    public byte Outcome;
    public Side Side;
    public SelfTradePrevention SelfTradePrevention;

    /// <summary>0 for a binary market, in whose single book no complete set competes.</summary>
    public byte SetOutcomes;
    public int TickSize;

    public long Unfilled;

    public long Budget;

    public CancelReason Stopped;

    public readonly int LadderOfOutcome(int other) => Ladder + ((other - Outcome) << 1);

    public readonly int Against => Ladder ^ 1;

    public readonly int LimitKey => Price.TicksPerUnit - Key;

    /// <summary>
    /// True if the budget does not buy one more lot at a key of the other side. Never without a budget, which is <see
    /// cref="long.MaxValue"/>.
    /// </summary>
    public readonly bool IsSpent(int key) => Budget < key;

    public readonly int PriceAt(int key) => ExchangeEngine.PriceOf(Side ^ Side.Sell, key);
}
