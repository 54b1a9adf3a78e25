using System.Numerics;

namespace Foresight.Matching.Engine.Books;

/// <summary>
/// One side of one book. Levels are addressed by a key that mirrors the side: 10000 - price for bids, price for asks. So the best level has
/// the least key on both sides, and the key of a bid is the price of the ask that would take it in the other outcome.
/// </summary>
internal struct Ladder
{
    /// <summary>Levels per page: one per bit of a bitmap word.</summary>
    public const int PageLevels = 64;

    public const int PageShift = 6;

    /// <summary>Keys are 1..9999.</summary>
    public const int Pages = (Price.MaxTicks >> PageShift) + 1;

    /// <summary>Greater than every key and every limit.</summary>
    public const int NoKey = int.MaxValue;

    /// <summary>Key of the best level; <see cref="NoKey"/> if there is none.</summary>
    public int BestKey;

    /// <summary>The best level; 0 if there is none.</summary>
    public int BestLevel;

    /// <summary>One bit per page that has a level with orders.</summary>
    public ulong Pages0;
    public ulong Pages1;
    public ulong Pages2;

    public int Market;

    /// <summary>Outcome that the book trades; 0 for the single book of a binary market.</summary>
    public int Outcome;

    public void Mark(int page)
    {
        var bit = 1UL << (page & 63);
        if (page < 64)
            Pages0 |= bit;
        else if (page < 128)
            Pages1 |= bit;
        else
            Pages2 |= bit;
    }

    public void Unmark(int page)
    {
        var bit = ~(1UL << (page & 63));
        if (page < 64)
            Pages0 &= bit;
        else if (page < 128)
            Pages1 &= bit;
        else
            Pages2 &= bit;
    }

    /// <summary>Returns the first marked page above the given one; -1 if there is none.</summary>
    public readonly int NextPage(int page)
    {
        page++;
        // Shift counts are taken modulo 64; each word below is only read for a page within it.
        if (page < 64)
        {
            var rest = Pages0 >> page;
            if (rest != 0)
                return page + BitOperations.TrailingZeroCount(rest);
            page = 64;
        }

        if (page < 128)
        {
            var rest = Pages1 >> page;
            if (rest != 0)
                return page + BitOperations.TrailingZeroCount(rest);
            page = 128;
        }

        if (page < 192)
        {
            var rest = Pages2 >> page;
            if (rest != 0)
                return page + BitOperations.TrailingZeroCount(rest);
        }

        return -1;
    }
}
