namespace Foresight.Matching.Orders;

/// <summary>
/// Percentiles of the commits of the last 10 seconds, from counts in classes of duration: no commit costs memory. A class is an eighth of a
/// doubling wide, so that a percentile is at most 9 % too high. The second under way counts too: it has the newest commits.
/// </summary>
public sealed class CommitLatencyMeter(TimeProvider clock)
{
    private const int Window = 10;
    private const int ClassesPerDoubling = 8;

    /// <summary>Up to 2^24 microseconds, which is 17 seconds; a commit that takes longer is in the last class.</summary>
    private const int Classes = 24 * ClassesPerDoubling;

    private readonly Lock _gate = new();
    private readonly Second[] _seconds = [.. Enumerable.Range(0, Window).Select(_ => new Second())];

    public void Add(TimeSpan duration)
    {
        var second = Now();
        lock (_gate)
        {
            var slot = _seconds[second % Window];
            if (slot.Number != second)
            {
                slot.Number = second;
                Array.Clear(slot.Counts);
            }

            slot.Counts[ClassOf(duration)]++;
        }
    }

    /// <returns>Upper bounds of half of the commits, and of 99 of 100; null if there was none.</returns>
    public (TimeSpan? Half, TimeSpan? NinetyNine) Percentiles()
    {
        var counts = new int[Classes];
        var now = Now();
        lock (_gate)
        {
            foreach (var slot in _seconds)
            {
                if (slot.Number <= now - Window)
                    continue;
                for (var i = 0; i < Classes; i++)
                    counts[i] += slot.Counts[i];
            }
        }

        var total = counts.Sum();
        return total == 0 ? (null, null) : (BoundOf(counts, total * 0.5), BoundOf(counts, total * 0.99));
    }

    private static TimeSpan BoundOf(int[] counts, double wanted)
    {
        var seen = 0;
        for (var i = 0; i < Classes; i++)
        {
            seen += counts[i];
            if (seen >= wanted)
                return TimeSpan.FromMicroseconds(Math.Pow(2, (i + 1.0) / ClassesPerDoubling));
        }

        throw new InvalidOperationException("The counts are fewer than their sum.");
    }

    private static int ClassOf(TimeSpan duration) =>
        Math.Clamp((int)(Math.Log2(Math.Max(1, duration.TotalMicroseconds)) * ClassesPerDoubling), 0, Classes - 1);

    private long Now() => (long)clock.GetElapsedTime(0).TotalSeconds;

    private sealed class Second
    {
        /// <summary>Before every second that there is.</summary>
        public long Number = long.MinValue / 2;

        public readonly int[] Counts = new int[Classes];
    }
}
