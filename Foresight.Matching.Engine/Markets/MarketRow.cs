namespace Foresight.Matching.Engine.Markets;

internal struct MarketRow
{
    public int Outcomes;
    public int TickSize;
    public MarketState State;

    public byte Winner;

    public bool FirmOnly;

    /// <summary>
    /// The asks of outcome 0 follow, then the ladders of the next outcome's book, so that a market's ladders are one range.
    /// </summary>
    public int FirstLadder;

    public int OpenOrders;

    /// <summary>A binary market has one book, in which an order of outcome 1 rests mirrored (docs/decisions/0101).</summary>
    public readonly int Books => Outcomes == 2 ? 1 : Outcomes;

    /// <summary>
    /// Bids have even numbers and asks odd ones, so that the opposite ladder is the same number with the last bit flipped.
    /// </summary>
    public readonly int LadderOf(int outcome, Side side) =>
        unchecked(FirstLadder + (Outcomes == 2 ? (int)side ^ outcome : (outcome << 1) + (int)side));
}
