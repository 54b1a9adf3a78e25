using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Foresight.Exchange.Orders;

/// <summary>
/// The resting orders by number and by account. Numbers come from a sequence, so a bucket is the number's low bits: orders of the same age share
/// cache lines, and most buckets hold one order or none.
/// </summary>
internal sealed class OrderTable
{
    /// <summary>So many that a bucket seldom holds two: a chain is a branch that nobody can guess.</summary>
    private const int BucketsPerOrder = 2;

    private OrderRecord[] _records;
    private int[] _buckets = new int[1024];
    private int _mask = 1023;

    // Orders at which the buckets are made more.
    private int _fill = 1024 / BucketsPerOrder;
    private AccountRow[] _accounts;

    /// <param name="orders">Open orders to make room for at once.</param>
    /// <param name="accounts">Accounts to make room for at once.</param>
    public OrderTable(int orders, int accounts = 64)
    {
        _records = new OrderRecord[orders];
        _accounts = new AccountRow[Math.Max(accounts + 1, 2)];
        Rehash(orders);
    }

    public int Count { get; private set; }

    /// <summary>Slots are below this.</summary>
    public int Capacity => _records.Length;

    /// <summary>Accounts are 1..AccountEnd - 1.</summary>
    public int AccountEnd => _accounts.Length;

    public long Bytes
        => (long)_records.Length * Unsafe.SizeOf<OrderRecord>() + (long)_buckets.Length * sizeof(int) + (long)_accounts.Length * Unsafe.SizeOf<AccountRow>();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref OrderRecord At(int slot)
    {
        System.Diagnostics.Debug.Assert(slot >= 0 && slot < _records.Length);
        return ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_records), slot);
    }

    /// <summary>The account's row; row 0, where there is nothing, for an account that never had one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref AccountRow AccountAt(int account) => ref _accounts[unchecked((uint)account) < (uint)_accounts.Length ? account : 0];

    /// <summary>Makes rows up to this account.</summary>
    public void EnsureAccount(int account)
    {
        if (account >= _accounts.Length)
            Array.Resize(ref _accounts, Math.Max(account + 1, Books.Growth.Next(_accounts.Length)));
    }

    /// <summary>The slot of an open order, 0 when there is none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Find(long number)
    {
        var slot = Bucket(number);
        while (slot != 0 && At(slot).Number != number)
            slot = At(slot).NextInBucket;
        return slot;
    }

    /// <summary>Adds an order as its account's newest. Numbers ascend, so an account's list is in the order of numbers.</summary>
    /// <param name="capacity">Slots of the book.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref OrderRecord Add(int slot, long number, int account, int capacity)
    {
        ref var record = ref Load(slot, number, capacity);
        Link(slot, account);
        return ref record;
    }

    /// <summary>The first half of <see cref="Add"/>: the order can be found by its number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref OrderRecord Load(int slot, long number, int capacity)
    {
        if (slot >= _records.Length)
            Array.Resize(ref _records, capacity);
        if (Count == _fill)
            Rehash(Count + 1);
        Count++;
        ref var bucket = ref Bucket(number);
        ref var record = ref At(slot);
        record.Number = number;
        record.NextInBucket = bucket;
        bucket = slot;
        return ref record;
    }

    /// <summary>The second half of <see cref="Add"/>: the order is its account's newest.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Link(int slot, int account)
    {
        ref var record = ref At(slot);
        ref var owner = ref _accounts[account];
        var newest = owner.LastOrder;
        record.PreviousOfAccount = newest;
        record.NextOfAccount = 0;
        if (newest != 0)
            At(newest).NextOfAccount = slot;
        else
            owner.FirstOrder = slot;
        owner.LastOrder = slot;
        owner.OpenOrders++;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Remove(int slot, int account)
    {
        unchecked
        {
            Count--;
            ref var record = ref At(slot);
            ref var link = ref Bucket(record.Number);
            while (link != slot)
                link = ref At(link).NextInBucket;
            link = record.NextInBucket;
            record.Number = 0;
            var older = record.PreviousOfAccount;
            var newer = record.NextOfAccount;
            ref var owner = ref _accounts[account];
            owner.OpenOrders--;
            if (older != 0)
                At(older).NextOfAccount = newer;
            else
                owner.FirstOrder = newer;
            if (newer != 0)
                At(newer).PreviousOfAccount = older;
            else
                owner.LastOrder = older;
        }
    }

    /// <summary>The mask is one less than the number of buckets, so the index needs no check.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref int Bucket(long number)
        => ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_buckets), unchecked((int)number) & _mask);

    private void Rehash(int atLeast)
    {
        var buckets = new int[System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(atLeast, 512) * BucketsPerOrder)];
        for (var slot = 1; slot < _records.Length && Count > 0; slot++)
        {
            ref var record = ref _records[slot];
            if (record.Number == 0)
                continue;
            ref var bucket = ref buckets[unchecked((int)record.Number) & (buckets.Length - 1)];
            record.NextInBucket = bucket;
            bucket = slot;
        }

        _buckets = buckets;
        _mask = buckets.Length - 1;
        _fill = buckets.Length / BucketsPerOrder;
    }
}
