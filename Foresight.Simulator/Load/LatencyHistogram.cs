namespace Foresight.Simulator.Load;

/// <summary>Latencies in buckets that are 2 % wide, from 10 µs to about 5 minutes: fixed memory, safe for any number of writers.</summary>
public sealed class LatencyHistogram
{
    private const double SmallestMicros = 10;
    private const double Growth = 1.02;

    // 10 µs * 1.02^868 is about 290 s; what takes longer is counted in the last bucket.
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

    /// <summary>
    /// The latency that this share (0..1) of the recorded ones does not exceed, 2 % off at most; zero when nothing was recorded.
    /// </summary>
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
