using System.Runtime.CompilerServices;

namespace Foresight.Exchange.Holdings;

/// <summary>All holdings, found by (account, market, outcome). Rows stay where they are for good, so an order keeps the number of its row.</summary>
internal sealed class HoldingTable
{
    private HoldingRow[] _rows;
    private int[] _buckets;

    /// <param name="rows">Rows to make room for at once.</param>
    public HoldingTable(int rows = 256)
    {
        _rows = new HoldingRow[Math.Max(rows + 1, 2)];
        _buckets = new int[System.Numerics.BitOperations.RoundUpToPowerOf2((uint)_rows.Length)];
    }

    /// <summary>Rows are 1..Count.</summary>
    public int Count { get; private set; }

    public long Bytes => (long)_rows.Length * Unsafe.SizeOf<HoldingRow>() + (long)_buckets.Length * sizeof(int);

    public ref HoldingRow At(int row) => ref _rows[row];

    /// <summary>The row, 0 when there is none.</summary>
    public int Find(int account, int market, int outcome)
    {
        for (var row = _buckets[Bucket(account, market, outcome)]; row != 0; row = _rows[row].NextInBucket)
        {
            ref var candidate = ref _rows[row];
            if (candidate.Account == account && candidate.Market == market && candidate.Outcome == outcome)
                return row;
        }

        return 0;
    }

    public int FindOrAdd(int account, int market, int outcome)
    {
        var row = Find(account, market, outcome);
        return row != 0 ? row : Add(account, market, outcome);
    }

    private int Add(int account, int market, int outcome)
    {
        if (Count + 1 == _rows.Length)
            Grow();
        var row = ++Count;
        ref var bucket = ref _buckets[Bucket(account, market, outcome)];
        _rows[row] = new HoldingRow { Account = account, Market = market, Outcome = outcome, NextInBucket = bucket };
        bucket = row;
        return row;
    }

    private void Grow()
    {
        Array.Resize(ref _rows, Books.Growth.Next(_rows.Length));
        if (_rows.Length <= _buckets.Length)
            return;
        _buckets = new int[_buckets.Length * 2];
        for (var row = 1; row <= Count; row++)
        {
            ref var moved = ref _rows[row];
            ref var bucket = ref _buckets[Bucket(moved.Account, moved.Market, moved.Outcome)];
            moved.NextInBucket = bucket;
            bucket = row;
        }
    }

    private int Bucket(int account, int market, int outcome)
        => unchecked((int)(Mixing.Mix(((ulong)(uint)account << 32) ^ ((ulong)(uint)market << 8) ^ (uint)outcome) & (ulong)(_buckets.Length - 1)));
}
