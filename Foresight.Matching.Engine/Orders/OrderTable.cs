using System.Runtime.CompilerServices;

namespace Foresight.Matching.Engine.Orders;

/// <summary>
/// Numbers are sequential, so a bucket is the low bits of the number: orders of the same age share cache lines, and most buckets hold at
/// most one order. An account's orders form a ring, oldest first, that begins and ends in a record of the account's own, at its negated
/// number, so that linking and unlinking need no branch for the ends.
/// </summary>
internal sealed class OrderTable
{
    /// <summary>
    /// High enough that a bucket seldom holds two orders, because following a chain is a branch that cannot be predicted.
    /// </summary>
    private const int BucketsPerOrder = 2;
    private const int BucketsPerOrderWhileSmall = 8;
    private const int SmallTable = 65_536;

    private Slab<OrderRecord> _records;
    private Slab<int> _buckets;
    private int _mask;

    private int _fill;

    public OrderTable(int orders, int accounts = 64)
    {
        _records = new Slab<OrderRecord>(orders, below: accounts);
        OpenRings(1);
        Rehash(orders);
    }

    public int Count { get; private set; }

    public int Capacity => _records.Length;

    public int AccountEnd => _records.Below + 1;

    public long Bytes => _records.Bytes + _buckets.Bytes;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref OrderRecord At(int slot) => ref _records.At(slot);

    /// <summary>An account that never had an order gets the empty ring of account 0, so callers need no test for it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref OrderRecord RingOf(int account) => ref At(unchecked((uint)account <= (uint)_records.Below ? -account : 0));

    public void EnsureAccount(int account)
    {
        if (account <= _records.Below)
            return;
        var first = AccountEnd;
        _records.Grow(_records.Length, below: Math.Max(account, Books.Growth.Next(_records.Below)));
        OpenRings(first);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Find(long number)
    {
        var slot = Bucket(number);
        return At(slot).Number == number ? slot : FindBehind(slot, number);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private int FindBehind(int slot, long number)
    {
        while (slot != 0 && At(slot).Number != number)
            slot = At(slot).NextInBucket;
        return slot;
    }

    /// <summary>Adds an order as its account's newest. Numbers ascend, so an account's list is ordered by number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref OrderRecord Add(int slot, long number, int account)
    {
        ref var record = ref Load(slot, number);
        Link(ref record, slot, account);
        return ref record;
    }

    public void Grow(int capacity) => _records.Grow(capacity);

    /// <summary>
    /// Makes the order findable by number without linking it to its account: a snapshot has its orders by price, and an account's
    /// list is by number.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref OrderRecord Load(int slot, long number)
    {
        if (Count == _fill)
            Rehash(Count + 1);
        Count = unchecked(Count + 1);
        ref var bucket = ref Bucket(number);
        ref var record = ref At(slot);
        record.Number = number;
        record.NextInBucket = bucket;
        bucket = slot;
        return ref record;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Link(ref OrderRecord record, int slot, int account)
    {
        unchecked
        {
            ref var origin = ref _records.Origin;
            ref var ring = ref Unsafe.Add(ref origin, -account);
            var newest = ring.PreviousOfAccount;
            record.PreviousOfAccount = newest;
            record.NextOfAccount = -account;
            ring.PreviousOfAccount = slot;
            ring.OpenOrders++;
            // Last, because the newest order of an empty ring is the ring itself.
            Unsafe.Add(ref origin, newest).NextOfAccount = slot;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Remove(ref OrderRecord record, int slot, int account)
    {
        unchecked
        {
            Count--;
            ref var origin = ref _records.Origin;
            ref var bucket = ref Bucket(record.Number);
            if (bucket == slot)
                bucket = record.NextInBucket;
            else
                UnlinkBehind(bucket, slot);
            record.Number = 0;
            var older = record.PreviousOfAccount;
            var newer = record.NextOfAccount;
            Unsafe.Add(ref origin, older).NextOfAccount = newer;
            Unsafe.Add(ref origin, newer).PreviousOfAccount = older;
            Unsafe.Add(ref origin, -account).OpenOrders--;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void UnlinkBehind(int first, int slot)
    {
        while (At(first).NextInBucket != slot)
            first = At(first).NextInBucket;
        At(first).NextInBucket = At(slot).NextInBucket;
    }

    /// <summary>The mask is one less than the number of buckets, so the index needs no bounds test.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref int Bucket(long number) => ref _buckets.At(unchecked((int)number) & _mask);

    private void OpenRings(int first)
    {
        for (var account = first; account < AccountEnd; account++)
            (At(-account).PreviousOfAccount, At(-account).NextOfAccount) = (-account, -account);
    }

    private void Rehash(int atLeast)
    {
        var isSmall = atLeast <= SmallTable;
        var perOrder = isSmall ? BucketsPerOrderWhileSmall : BucketsPerOrder;
        var length = Math.Max(
            _buckets.Length,
            (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(atLeast, 128) * (uint)perOrder)
        );
        _fill = length / perOrder;
        if (length == _buckets.Length)
            return;
        var buckets = new Slab<int>(length);
        for (var slot = 1; slot < _records.Length && Count > 0; slot++)
        {
            ref var record = ref _records.At(slot);
            if (record.Number == 0)
                continue;
            ref var bucket = ref buckets.At(unchecked((int)record.Number) & (length - 1));
            record.NextInBucket = bucket;
            bucket = slot;
        }

        _buckets = buckets;
        _mask = length - 1;
    }
}
