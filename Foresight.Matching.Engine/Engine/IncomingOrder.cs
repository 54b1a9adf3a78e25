namespace Foresight.Matching.Engine;

/// <summary>An order during matching, with everything that is derived from its command once.</summary>
internal struct IncomingOrder
{
    public long Number;
    public int Account;
    public int Market;

    /// <summary>Row of the holding that it reserves from: collateral for a buy, the outcome's shares for a sell.</summary>
    public int HoldingRow;

    /// <summary>Ladder and key at which it would rest; it trades with the opposite ladder up to <see cref="LimitKey"/>.</summary>
    public int Ladder;
    public int Key;
    public byte Outcome;
    public Side Side;
    public SelfTradePrevention SelfTradePrevention;

    /// <summary>Number of outcomes if complete sets compete with the direct book; 0 for a binary market.</summary>
    public byte SetOutcomes;
    public int TickSize;

    public long Unfilled;

    /// <summary>Remaining budget in micro-USDC; <see cref="long.MaxValue"/> if unlimited.</summary>
    public long Budget;

    /// <summary>Reason why matching stopped before liquidity or quantity ran out.</summary>
    public CancelReason Stopped;

    /// <summary>Returns the ladder of its own side in another outcome's book, for complete sets.</summary>
    public readonly int LadderOfOutcome(int other) => Ladder + ((other - Outcome) << 1);

    public readonly int Against => Ladder ^ 1;

    /// <summary>Its price limit for a lot, as a key of the other side.</summary>
    public readonly int LimitKey => Price.TicksPerUnit - Key;

    /// <summary>Returns true if its budget does not buy one more lot at a key of the other side. Never without a budget.</summary>
    public readonly bool IsSpent(int key) => Budget < key;

    /// <summary>Returns its price, in its own terms, for a trade at a key of the other side.</summary>
    public readonly int PriceAt(int key) => ExchangeEngine.PriceOf(Side ^ Side.Sell, key);
}
