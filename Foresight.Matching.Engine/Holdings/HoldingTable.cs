using System.Numerics;
using System.Runtime.CompilerServices;

namespace Foresight.Matching.Engine.Holdings;

/// <summary>Rows never move, so an order can keep the number of its row.</summary>
internal sealed class HoldingTable
{
    /// <summary>High enough that a bucket seldom holds two rows: following a chain is a branch that cannot be predicted.</summary>
    private const int BucketsPerRow = 4;

    private Slab<HoldingRow> _rows;
    private Slab<int> _buckets;
    private int _shift;

    public HoldingTable(int rows = 256)
    {
        _rows = new Slab<HoldingRow>(Math.Max(rows + 1, 2));
        Rehash(_rows.Length);
    }

    public int Count { get; private set; }

    public long Bytes => _rows.Bytes + _buckets.Bytes;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref HoldingRow At(int row)
    {
        System.Diagnostics.Debug.Assert(row >= 0 && row <= Count);
        return ref _rows.At(row);
    }

    /// <summary>Row 0 if there is none. It is blank, so a caller reads it like the row of an account that owns nothing.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Find(ulong key)
    {
        var row = _buckets.At(Bucket(key));
        return At(row).Key == key ? row : FindBehind(row, key);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private int FindBehind(int row, ulong key)
    {
        while (row != 0 && At(row).Key != key)
            row = At(row).NextInBucket;
        return row;
    }

    public int FindOrAdd(ulong key)
    {
        var row = Find(key);
        if (row != 0)
            return row;
        if (Count + 1 == _rows.Length)
        {
            _rows.Grow(Books.Growth.Next(_rows.Length));
            if (_rows.Length > _buckets.Length / BucketsPerRow)
                Rehash(_rows.Length);
        }

        Invariant.Require(Count < ExchangeLimits.Holdings, "holdings are numbered with 27 bits");
        row = ++Count;
        ref var bucket = ref _buckets.At(Bucket(key));
        _rows.At(row) = new HoldingRow { Key = key, NextInBucket = bucket };
        bucket = row;
        return row;
    }

    private void Rehash(int atLeast)
    {
        _buckets = new Slab<int>((int)BitOperations.RoundUpToPowerOf2((uint)atLeast * BucketsPerRow));
        _shift = 64 - BitOperations.Log2((uint)_buckets.Length);
        for (var row = 1; row <= Count; row++)
        {
            ref var moved = ref _rows.At(row);
            ref var bucket = ref _buckets.At(Bucket(moved.Key));
            moved.NextInBucket = bucket;
            bucket = row;
        }
    }

    /// <summary>
    /// Fibonacci hashing: the upper bits of a product with 2^64 / golden ratio spread keys that differ in a few places, in one
    /// multiplication.
    /// </summary>
    private int Bucket(ulong key) => unchecked((int)((key * 0x9E3779B97F4A7C15) >> _shift));
}
