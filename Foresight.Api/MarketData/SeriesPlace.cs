namespace Foresight.Api.MarketData;

internal enum Arrival
{
    /// <summary>A position that was repeated, and is known.</summary>
    Known,

    /// <summary>Of an earlier term, or what came before under the same number.</summary>
    Stale,

    InOrder,

    /// <summary>Something before it was lost.</summary>
    AfterGap,
}

/// <summary>How far this node has followed the messages of one series that the holder of settlement numbers.</summary>
internal readonly record struct SeriesPlace(long Epoch, long Sequence)
{
    /// <summary>
    /// The first message on this node cannot reveal a gap before it. What a holder sent last may be lost with it, so another epoch is a gap.
    /// A sender never sends a lower number after a higher one, so the higher one was false, and must not silence those after it.
    /// </summary>
    /// <param name="previous">Number of the message before <paramref name="next"/>.</param>
    /// <param name="isEmpty">A repeated position carries nothing.</param>
    public Arrival ArrivalOf(SeriesPlace next, long previous, bool isEmpty)
    {
        if (next == this)
            return isEmpty ? Arrival.Known : Arrival.Stale;
        if (next.Epoch < Epoch)
            return Arrival.Stale;
        var isBack = next.Epoch == Epoch && next.Sequence < Sequence;
        var isGap = isBack || this != default && (next.Epoch != Epoch || previous > Sequence);
        return isGap ? Arrival.AfterGap : Arrival.InOrder;
    }
}
