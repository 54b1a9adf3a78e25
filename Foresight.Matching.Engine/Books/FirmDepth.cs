using System.Numerics;
using System.Runtime.InteropServices;

namespace Foresight.Matching.Engine.Books;

/// <summary>
/// The firm orders of each level: how much they have, and their queue, so that an order for firm offers alone finds the next one however
/// many others are before it. Apart from the levels and orders, so that a book without firm orders costs neither memory nor time.
/// </summary>
internal sealed class FirmDepth
{
    private readonly Dictionary<long, Level> _levels = [];
    private readonly Dictionary<int, Marks> _ladders = [];

    /// <summary>Of ladders that have no firm order any more: all clear, for the next ladder that needs one.</summary>
    private readonly Stack<Marks> _free = [];

    private Link[] _links = [];

    public long At(int ladder, int key) => _levels.GetValueOrDefault(KeyOf(ladder, key)).Lots;

    /// <returns>0 if the level has no firm order.</returns>
    public int FirstOf(int ladder, int key) => _levels.GetValueOrDefault(KeyOf(ladder, key)).First;

    /// <returns>The firm order behind this one in its level, else 0.</returns>
    public int Next(int slot) => _links[slot].Next;

    /// <returns>The next level with a firm order, or <see cref="Ladder.NoKey"/>.</returns>
    public int KeyAfter(int ladder, int key)
    {
        if (!_ladders.TryGetValue(ladder, out var marks))
            return Ladder.NoKey;
        var page = ++key >> Ladder.PageShift;
        var levels = marks.Pages[page] & (ulong.MaxValue << (key & (Ladder.PageLevels - 1)));
        while (levels == 0)
        {
            if (++page == Ladder.Pages)
                return Ladder.NoKey;
            levels = marks.Pages[page];
        }

        return (page << Ladder.PageShift) + BitOperations.TrailingZeroCount(levels);
    }

    /// <summary>The order has just come to rest, so it is the last of its level.</summary>
    public void Rest(int ladder, int key, int slot, long lots)
    {
        ref var level = ref CollectionsMarshal.GetValueRefOrAddDefault(_levels, KeyOf(ladder, key), out var isKnown);
        if (!isKnown)
            Mark(ladder, key);
        if (slot >= _links.Length)
            Array.Resize(ref _links, Math.Max(slot + 1, Math.Max(16, Growth.Next(_links.Length))));
        _links[slot] = new Link { Previous = level.Last };
        if (level.Last == 0)
            level.First = slot;
        else
            _links[level.Last].Next = slot;
        level.Last = slot;
        level.Lots += lots;
    }

    /// <param name="isGone">The order has nothing left, or was cancelled.</param>
    public void Take(int ladder, int key, int slot, long lots, bool isGone)
    {
        ref var level = ref CollectionsMarshal.GetValueRefOrNullRef(_levels, KeyOf(ladder, key));
        level.Lots -= lots;
        Invariant.Require(level.Lots >= 0, "a level has no less than nothing that is firm");
        if (!isGone)
            return;
        var (previous, next) = (_links[slot].Previous, _links[slot].Next);
        if (previous == 0)
            level.First = next;
        else
            _links[previous].Next = next;
        if (next == 0)
            level.Last = previous;
        else
            _links[next].Previous = previous;
        if (level.First != 0)
            return;
        Invariant.Require(level.Lots == 0, "what is firm is of firm orders");
        _levels.Remove(KeyOf(ladder, key));
        Unmark(ladder, key);
    }

    private void Mark(int ladder, int key)
    {
        ref var marks = ref CollectionsMarshal.GetValueRefOrAddDefault(_ladders, ladder, out _);
        marks ??= _free.Count > 0 ? _free.Pop() : new Marks();
        marks.Levels++;
        marks.Pages[key >> Ladder.PageShift] |= 1UL << (key & (Ladder.PageLevels - 1));
    }

    private void Unmark(int ladder, int key)
    {
        var marks = _ladders[ladder];
        marks.Pages[key >> Ladder.PageShift] &= ~(1UL << (key & (Ladder.PageLevels - 1)));
        if (--marks.Levels > 0)
            return;
        _ladders.Remove(ladder);
        _free.Push(marks);
    }

    private static long KeyOf(int ladder, int key) => ((long)ladder << 32) | (uint)key;

    private struct Level
    {
        public long Lots;
        public int First;
        public int Last;
    }

    /// <summary>Neighbours among the firm orders of a level; 0 at its ends.</summary>
    private struct Link
    {
        public int Previous;
        public int Next;
    }

    /// <summary>A bit for each level with firm orders.</summary>
    private sealed class Marks
    {
        public readonly ulong[] Pages = new ulong[Ladder.Pages];
        public int Levels;
    }
}
