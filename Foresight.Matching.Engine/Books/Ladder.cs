using System.Numerics;

namespace Foresight.Matching.Engine.Books;

/// <summary>
/// One side of one book. Levels are addressed by a key that mirrors the side: 10000 - price for bids, price for asks. So the best level is
/// the one of the least key on both sides, and the key of a bid is the price of the ask that would take it in the other outcome.
/// </summary>
internal struct Ladder
{
    /// <summary>Levels to a page: as many as one word of a bitmap has bits.</summary>
    public const int PageLevels = 64;

    public const int PageShift = 6;

    /// <summary>Keys are 1..9999.</summary>
    public const int Pages = (Price.MaxTicks >> PageShift) + 1;

    /// <summary>Above every key and every limit.</summary>
    public const int NoKey = int.MaxValue;

    /// <summary>Key of the best level, <see cref="NoKey"/> when there is none.</summary>
    public int BestKey;

    /// <summary>The best level, 0 when there is none.</summary>
    public int BestLevel;

    /// <summary>A bit for each page that has a level with orders.</summary>
    public ulong Pages0;
    public ulong Pages1;
    public ulong Pages2;

    /// <summary>The market that the book belongs to.</summary>
    public int Market;

    /// <summary>The outcome of the market that the book trades (0 for a binary market's one book).</summary>
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

    /// <summary>First marked page above the given one, -1 when there is none.</summary>
    public readonly int NextPage(int page)
    {
        page++;
        // A shift count is taken modulo 64, and each word below is only looked at from a page inside it.
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
