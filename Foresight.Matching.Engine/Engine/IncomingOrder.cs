namespace Foresight.Matching.Engine;

/// <summary>An order on its way through matching, with all that is worked out of its command once.</summary>
internal struct IncomingOrder
{
    public long Number;
    public int Account;
    public int Market;

    /// <summary>What it reserves from: collateral for a buy, its outcome's shares for a sell.</summary>
    public int HoldingRow;

    /// <summary>Where it rests, and at which key; it trades with the ladder beside it up to <see cref="LimitKey"/>.</summary>
    public int Ladder;
    public int Key;
    public byte Outcome;
    public Side Side;
    public SelfTradePrevention SelfTradePrevention;

    /// <summary>Outcomes of the market when complete sets compete with the direct book, 0 for a binary market.</summary>
    public byte SetOutcomes;
    public int TickSize;

    /// <summary>Lots not filled yet.</summary>
    public long Unfilled;

    /// <summary>Micro-USDC it may still spend; <see cref="long.MaxValue"/> without a bound.</summary>
    public long Budget;

    /// <summary>Why matching stopped before liquidity or quantity ended.</summary>
    public CancelReason Stopped;

    /// <summary>The ladder of its own side in another outcome's book, for complete sets.</summary>
    public readonly int LadderOfOutcome(int other) => Ladder + ((other - Outcome) << 1);

    public readonly int Against => Ladder ^ 1;

    /// <summary>What it pays (or gives up) for a lot at most, as a key of the other side.</summary>
    public readonly int LimitKey => Price.TicksPerUnit - Key;

    /// <summary>Whether its money does not buy one more lot at a key of the other side. Never without a money bound.</summary>
    public readonly bool IsSpent(int key) => Budget < key;

    /// <summary>What it pays or gets, in its own terms, when it trades at a key of the other side.</summary>
    public readonly int PriceAt(int key) => ExchangeEngine.PriceOf(Side ^ Side.Sell, key);
}
