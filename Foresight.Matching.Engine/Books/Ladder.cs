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

    /// <summary>Keys are 1..9999, as prices in ticks are, so 157 pages suffice, and three words hold a bit for each.</summary>
    public const int Pages = (Price.MaxTicks >> PageShift) + 1;

    /// <summary>Greater than every key and every limit, so that an empty ladder never crosses and needs no test of its own.</summary>
    public const int NoKey = int.MaxValue;

    public int BestKey;

    public int BestLevel;

    public ulong Pages0;
    public ulong Pages1;
    public ulong Pages2;

    public int Market;

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

    public readonly int NextPage(int page)
    {
        page++;
        // C# takes shift counts modulo 64, so the shifts below need no subtraction of the word's first page.
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
