using System.Runtime.CompilerServices;

namespace Foresight.Matching.Engine.Books;

internal sealed partial class OrderBooks
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public long Match<TMatcher>(int ladder, int limitKey, long quantity, ref TMatcher matcher)
        where TMatcher : struct, IMatcher, allows ref struct =>
        LadderAt(ladder).BestKey > limitKey ? quantity : MatchCrossing(ladder, limitKey, quantity, ref matcher);

    private long MatchCrossing<TMatcher>(int ladder, int limitKey, long quantity, ref TMatcher matcher)
        where TMatcher : struct, IMatcher, allows ref struct
    {
        unchecked
        {
            ref var origin = ref _nodes.Origin;
            ref var side = ref LadderAt(ladder);
            do
            {
                var level = side.BestLevel;
                var key = side.BestKey;
                ref var queue = ref At(ref origin, level);
                var slot = queue.Next;
                var more = true;
                do
                {
                    ref var maker = ref At(ref origin, slot);
                    var next = maker.Next;
                    var fill = matcher.Admit(slot, ref maker, key, quantity);
                    if (fill > 0)
                    {
                        var left = maker.Quantity - fill;
                        var tag = maker.Tag;
                        quantity -= fill;
                        queue.Quantity -= fill;
                        maker.Quantity = left;
                        if (left == 0)
                            Free(ref maker, slot);
                        matcher.OnFill(slot, tag, key, fill, left);
                        if (left != 0)
                        {
                            more = false;
                            break;
                        }
                    }
                    else if (fill == IMatcher.Remove)
                    {
                        var left = maker.Quantity;
                        var tag = maker.Tag;
                        queue.Quantity -= left;
                        Free(ref maker, slot);
                        if (!matcher.OnRemoved(slot, tag, key, left))
                        {
                            slot = next;
                            more = false;
                            break;
                        }
                    }
                    else
                    {
                        more = false;
                        break;
                    }

                    slot = next;
                    if (quantity == 0)
                    {
                        more = false;
                        break;
                    }
                } while (slot > 0);

                queue.Next = slot;
                At(ref origin, slot).Previous = level;
                if (slot < 0)
                    RemoveLevel(ref side, level, key);
                if (!more)
                    return quantity;
            } while (side.BestKey <= limitKey);

            return quantity;
        }
    }

    /// <summary>Last in, first out: the slot freed last has the warmest cache line.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Free(ref Node order, int slot)
    {
        order.Level = 0;
        order.Next = _freeOrder;
        _freeOrder = slot;
    }

    private void RemoveLevel(ref Ladder side, int level, int key)
    {
        unchecked
        {
            var page = ~level >> Ladder.PageShift;
            var levels = _pageLevels.At(page) & ~(1UL << (key & (Ladder.PageLevels - 1)));
            _pageLevels.At(page) = levels;
            if (levels == 0)
                side.Unmark(key >> Ladder.PageShift);
            if (level != side.BestLevel)
                return;
            if (levels != 0)
            {
                // The removed level had the least key of the page, so the next one is above it.
                var offset = System.Numerics.BitOperations.TrailingZeroCount(levels);
                side.BestKey = (key & ~(Ladder.PageLevels - 1)) + offset;
                side.BestLevel = ~((page << Ladder.PageShift) + offset);
                return;
            }

            FindBestPage(ref side, level, key);
        }
    }

    private void FindBestPage(ref Ladder side, int level, int key)
    {
        var next = side.NextPage(key >> Ladder.PageShift);
        if (next < 0)
        {
            side.BestKey = Ladder.NoKey;
            side.BestLevel = 0;
            return;
        }

        side.BestLevel = FirstLevelOf(NodeAt(level).Level, next);
        side.BestKey = NodeAt(side.BestLevel).Tag;
    }
}
