using System.Diagnostics;

namespace Foresight.Bench.Enemy;

/// <summary>
/// A follower's wait begins when an event of its stream was acknowledged, and ends with a message of that position or a later one,
/// which includes it.
/// </summary>
internal static class Silence
{
    /// <returns>Seconds, and when the wait began; infinite if nothing came.</returns>
    public static (double Seconds, long Since) Longest(
        IReadOnlyList<(long Sequence, long At)> events,
        IEnumerable<(long Sequence, long At)> received
    )
    {
        var got = received.OrderBy(one => one.Sequence).ToArray();
        // A later position includes an earlier one, so from each position on the earliest arrival counts.
        var earliest = new long[got.Length + 1];
        earliest[^1] = long.MaxValue;
        for (var i = got.Length - 1; i >= 0; i--)
            earliest[i] = Math.Min(earliest[i + 1], got[i].At);
        var positions = got.Select(one => one.Sequence).ToArray();

        var longest = (Seconds: 0.0, Since: 0L);
        foreach (var (sequence, at) in events)
        {
            var index = Array.BinarySearch(positions, sequence);
            if (index < 0)
                index = ~index;
            while (index > 0 && positions[index - 1] == sequence)
                index--;
            var seconds = earliest[index] switch
            {
                long.MaxValue => double.PositiveInfinity,
                var arrived when arrived <= at => 0,
                var arrived => Stopwatch.GetElapsedTime(at, arrived).TotalSeconds,
            };
            if (seconds > longest.Seconds)
                longest = (seconds, at);
        }

        return longest;
    }
}
