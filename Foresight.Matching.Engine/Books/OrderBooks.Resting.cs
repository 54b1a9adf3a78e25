using System.Runtime.CompilerServices;

namespace Foresight.Matching.Engine.Books;

internal sealed partial class OrderBooks
{
    /// <returns>The slot, which may hold another order once this one is filled or removed: slots are reused.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Rest(int ladder, int key, long quantity, int tag)
    {
        var slot = TakeSlot();
        Link(slot, ladder, key, quantity, tag);
        return slot;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Remove(int slot)
    {
        ref var order = ref NodeAt(slot);
        Unlink(ref order, slot, out _, out _);
        Free(ref order, slot);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public long Remove(int slot, out int ladder, out int key, out int tag)
    {
        ref var order = ref NodeAt(slot);
        tag = order.Tag;
        var quantity = Unlink(ref order, slot, out ladder, out key);
        Free(ref order, slot);
        return quantity;
    }

    /// <summary>A slot that the caller remembered may hold another order by now, because slots are reused; the tag shows it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryRemove(int slot, int tag)
    {
        ref var order = ref NodeAt(slot);
        if (order.Level == 0 || order.Tag != tag)
            return false;
        Unlink(ref order, slot, out _, out _);
        Free(ref order, slot);
        return true;
    }

    public void Shrink(int slot, long by)
    {
        RequireOrder(slot);
        ref var order = ref NodeAt(slot);
        Invariant.Require(by > 0 && by < order.Quantity, "a resting order shrinks by less than it has");
        order.Quantity -= by;
        NodeAt(order.Level).Quantity -= by;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int TakeSlot()
    {
        var slot = _freeOrder;
        if (slot != 0)
        {
            _freeOrder = NodeAt(slot).Next;
            return slot;
        }

        return TakeNewSlot();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private int TakeNewSlot()
    {
        if (_nextOrder == _nodes.Length)
            _nodes.Grow(Growth.Next(_nodes.Length));
        return _nextOrder++;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Link(int slot, int ladder, int key, long quantity, int tag)
    {
        unchecked
        {
            var page = PageOf(ladder, key);
            if (page == 0)
                page = AddPage(ladder, key);
            var level = LevelIn(page, key);
            ref var origin = ref _nodes.Origin;
            ref var queue = ref At(ref origin, level);
            ref var order = ref At(ref origin, slot);
            var last = queue.Previous;
            order.Quantity = quantity;
            order.Next = level;
            order.Previous = last;
            order.Level = level;
            order.Tag = tag;
            // Before the links change: in an empty level the last order is the level itself.
            if (last == level)
                OpenLevel(ladder, level, key);
            queue.Previous = slot;
            queue.Quantity += quantity;
            At(ref origin, last).Next = slot;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private long Unlink(ref Node order, int slot, out int ladder, out int key)
    {
        unchecked
        {
            RequireOrder(slot);
            ref var origin = ref _nodes.Origin;
            var level = order.Level;
            var next = order.Next;
            var previous = order.Previous;
            var quantity = order.Quantity;
            ref var queue = ref At(ref origin, level);
            ladder = queue.Level;
            key = queue.Tag;
            queue.Quantity -= quantity;
            At(ref origin, previous).Next = next;
            At(ref origin, next).Previous = previous;
            // Both neighbours are equal only for a sole order, where both are the level.
            if (next == previous)
                RemoveLevel(ref LadderAt(ladder), level, key);
            return quantity;
        }
    }

    private void OpenLevel(int ladder, int level, int key)
    {
        unchecked
        {
            ref var side = ref LadderAt(ladder);
            ref var levels = ref _pageLevels.At(~level >> Ladder.PageShift);
            if (levels == 0)
                side.Mark(key >> Ladder.PageShift);
            levels |= 1UL << (key & (Ladder.PageLevels - 1));
            if (key < side.BestKey)
            {
                side.BestKey = key;
                side.BestLevel = level;
            }
        }
    }
}
