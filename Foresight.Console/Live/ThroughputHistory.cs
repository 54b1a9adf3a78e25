using Foresight.Protocol;

namespace Foresight.Console.Live;

public sealed record ThroughputSample(DateTimeOffset At, double Orders, double Trades);

/// <summary>
/// Shared by all operators, so that a newly opened page has a past to show. While no page is open there are no samples, and the
/// chart shows a gap.
/// </summary>
public sealed class ThroughputHistory
{
    public static readonly TimeSpan Length = TimeSpan.FromMinutes(10);

    /// <summary>Several open pages would otherwise each add a sample for the same second.</summary>
    private static readonly TimeSpan Spacing = TimeSpan.FromMilliseconds(900);

    private readonly Lock _gate = new();
    private readonly Queue<ThroughputSample> _samples = new();
    private ThroughputSample? _last;

    public void Add(DateTimeOffset at, ThroughputView view)
    {
        lock (_gate)
        {
            if (_last is not null && at - _last.At < Spacing)
                return;

            _last = new ThroughputSample(at, view.OrdersPerSecond, view.TradesPerSecond);
            _samples.Enqueue(_last);
            while (at - _samples.Peek().At > Length)
                _samples.Dequeue();
        }
    }

    public IReadOnlyList<ThroughputSample> Since(DateTimeOffset start)
    {
        lock (_gate)
            return [.. _samples.Where(sample => sample.At >= start)];
    }
}
