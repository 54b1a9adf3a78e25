using Foresight.Protocol;

namespace Foresight.Console.Live;

/// <param name="At">When it was read.</param>
public sealed record ThroughputSample(DateTimeOffset At, double Orders, double Trades);

/// <summary>
/// Orders and trades per second of the last minutes, kept for all operators together so that a newly opened page has a past to show.
/// Nobody looking leaves a gap, which the chart shows as one.
/// </summary>
public sealed class ThroughputHistory
{
    public static readonly TimeSpan Length = TimeSpan.FromMinutes(10);

    /// <summary>Several open pages would otherwise each add their own sample of the same second.</summary>
    private static readonly TimeSpan Spacing = TimeSpan.FromMilliseconds(900);

    private readonly Lock gate = new();
    private readonly Queue<ThroughputSample> samples = new();
    private ThroughputSample? last;

    public void Add(DateTimeOffset at, ThroughputView view)
    {
        lock (gate)
        {
            if (last is not null && at - last.At < Spacing)
                return;

            last = new ThroughputSample(at, view.OrdersPerSecond, view.TradesPerSecond);
            samples.Enqueue(last);
            while (at - samples.Peek().At > Length)
                samples.Dequeue();
        }
    }

    public IReadOnlyList<ThroughputSample> Since(DateTimeOffset start)
    {
        lock (gate)
            return [.. samples.Where(sample => sample.At >= start)];
    }
}
