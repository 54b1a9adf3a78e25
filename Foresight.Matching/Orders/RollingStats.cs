namespace Foresight.Matching.Orders;

/// <summary>Adds up one-minute buckets, so that the cost does not grow with the number of trades.</summary>
internal sealed class RollingStats
{
    private const int Minutes = 24 * 60;

    private readonly Bucket[] _buckets = new Bucket[Minutes];

    /// <summary>In terms of outcome 0 if the market is binary, whose two outcomes share one book; null before the first trade.</summary>
    public int? LastPriceTicks { get; set; }

    public bool Changed { get; set; }

    public void Add(long unixSeconds, long lots, long notionalMicros, long trades = 1)
    {
        var minute = unixSeconds / 60;
        ref var bucket = ref _buckets[minute % Minutes];
        if (bucket.Minute != minute)
            bucket = new Bucket { Minute = minute };
        bucket.Lots += lots;
        bucket.Notional += notionalMicros;
        bucket.Trades += trades;
        Changed = true;
    }

    public (long Lots, long NotionalMicros, long Trades) Sum(long unixSeconds)
    {
        var oldest = (unixSeconds / 60) - Minutes + 1;
        var (lots, notional, trades) = (0L, 0L, 0L);
        foreach (ref readonly var bucket in _buckets.AsSpan())
        {
            if (bucket.Minute < oldest)
                continue;
            lots += bucket.Lots;
            notional += bucket.Notional;
            trades += bucket.Trades;
        }

        return (lots, notional, trades);
    }

    private struct Bucket
    {
        public long Minute;
        public long Lots;
        public long Notional;
        public long Trades;
    }
}
