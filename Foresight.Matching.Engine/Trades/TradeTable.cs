using System.Runtime.CompilerServices;

namespace Foresight.Matching.Engine.Trades;

/// <summary>Pooled: the slot of a closed trade is reused, so that a trade allocates nothing.</summary>
internal sealed class TradeTable
{
    private Slab<TradeRecord> _records;
    private Slab<int> _buckets;
    private int _free;
    private int _next = 1;

    public TradeTable(int records = 256)
    {
        _records = new Slab<TradeRecord>(Math.Max(records + 1, 2));
        _buckets = new Slab<int>((int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)_records.Length));
    }

    public int Count { get; private set; }

    public int SlotEnd => _next;

    public long Bytes => _records.Bytes + _buckets.Bytes;

    public ref TradeRecord At(int slot) => ref _records.At(slot);

    /// <summary>
    /// The caller fills in the legs; more than two need continuations. The reference is valid until the next addition, which may move the
    /// records.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref TradeRecord Add(long number, int market, TradeKind kind, long quantity, int legs, out int slot)
    {
        slot = TakeSlot();
        Count = unchecked(Count + 1);
        ref var bucket = ref Bucket(number);
        ref var record = ref _records.At(slot);
        record.Number = number;
        record.Quantity = quantity;
        record.Market = market;
        record.NextInBucket = bucket;
        record.Continuation = 0;
        record.Kind = kind;
        record.Legs = unchecked((byte)legs);
        bucket = slot;
        return ref record;
    }

    public void Extend(int slot)
    {
        var records = (_records.At(slot).Legs + TradeRecord.InlineLegs - 1) / TradeRecord.InlineLegs;
        for (var last = slot; records > 1; records--)
        {
            var more = TakeSlot();
            _records.At(more) = default;
            _records.At(last).Continuation = more;
            last = more;
        }
    }

    public ref TradeLeg LegAt(int slot, int leg)
    {
        for (; leg >= TradeRecord.InlineLegs; leg -= TradeRecord.InlineLegs)
            slot = _records.At(slot).Continuation;
        return ref _records.At(slot).Inline[leg];
    }

    public int Find(long number)
    {
        var slot = Bucket(number);
        while (slot != 0 && _records.At(slot).Number != number)
            slot = _records.At(slot).NextInBucket;
        return slot;
    }

    public void Remove(int slot)
    {
        ref var link = ref Bucket(_records.At(slot).Number);
        while (link != slot)
            link = ref _records.At(link).NextInBucket;
        link = _records.At(slot).NextInBucket;
        Count--;
        while (slot != 0)
        {
            ref var record = ref _records.At(slot);
            var more = record.Continuation;
            record.Number = 0;
            record.NextInBucket = _free;
            _free = slot;
            slot = more;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref int Bucket(long number) => ref _buckets.At(unchecked((int)number & (_buckets.Length - 1)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int TakeSlot()
    {
        var slot = _free;
        if (slot != 0)
        {
            _free = _records.At(slot).NextInBucket;
            return slot;
        }

        if (_next == _records.Length)
            Grow();
        return unchecked(_next++);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Grow()
    {
        _records.Grow(Books.Growth.Next(_records.Length));
        if (_records.Length <= _buckets.Length)
            return;
        _buckets = new Slab<int>(_buckets.Length * 2);
        for (var slot = 1; slot < _next; slot++)
        {
            ref var record = ref _records.At(slot);
            // A continuation or a free slot is in no bucket; the link of a free slot belongs to the free list.
            if (record.Number == 0)
                continue;
            ref var bucket = ref Bucket(record.Number);
            record.NextInBucket = bucket;
            bucket = slot;
        }
    }
}
