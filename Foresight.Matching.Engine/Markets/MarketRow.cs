namespace Foresight.Matching.Engine.Markets;

internal struct MarketRow
{
    public int Outcomes;
    public int TickSize;
    public MarketState State;

    public byte Winner;

    /// <summary>Ladder of the bids of outcome 0; its asks follow, then the ladders of the next outcome's book.</summary>
    public int FirstLadder;

    public int OpenOrders;

    /// <summary>A binary market has one book, in which an order of outcome 1 rests mirrored.</summary>
    public readonly int Books => Outcomes == 2 ? 1 : Outcomes;

    /// <summary>
    /// Returns the ladder on which an order of this outcome and side rests; the opposite ladder is the same number with the last bit
    /// flipped.
    /// </summary>
    public readonly int LadderOf(int outcome, Side side) =>
        unchecked(FirstLadder + (Outcomes == 2 ? (int)side ^ outcome : (outcome << 1) + (int)side));
}
