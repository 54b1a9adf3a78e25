namespace Foresight.Simulator.Load;

/// <summary>
/// In buckets 2 % wide, from 10 µs to about 5 minutes, so that the memory is fixed and any number of threads may write without a lock.
/// </summary>
public sealed class LatencyHistogram
{
    private const double SmallestMicros = 10;
    private const double Growth = 1.02;

    // 10 µs * 1.02^868 is about 290 s; longer latencies count in the last bucket.
    private const int Buckets = 869;

    private readonly long[] _counts = new long[Buckets];
    private long _maxTicks;

    public void Record(TimeSpan latency)
    {
        var micros = Math.Max(latency.TotalMicroseconds, SmallestMicros);
        var bucket = Math.Min((int)(Math.Log(micros / SmallestMicros) / Math.Log(Growth)), Buckets - 1);
        Interlocked.Increment(ref _counts[bucket]);
        for (var seen = Volatile.Read(ref _maxTicks); latency.Ticks > seen; seen = Volatile.Read(ref _maxTicks))
            Interlocked.CompareExchange(ref _maxTicks, latency.Ticks, seen);
    }

    public TimeSpan Max => new(Volatile.Read(ref _maxTicks));

    /// <summary>At most 2 % too high, because a value is reported as the upper bound of its bucket; zero without values.</summary>
    public TimeSpan Percentile(double share)
    {
        var total = _counts.Sum();
        var rank = Math.Max(1, (long)Math.Ceiling(total * share));
        long seen = 0;
        for (var i = 0; i < Buckets && total > 0; i++)
        {
            seen += _counts[i];
            if (seen >= rank)
                return TimeSpan.FromMicroseconds(SmallestMicros * Math.Pow(Growth, i + 1));
        }

        return TimeSpan.Zero;
    }
}
