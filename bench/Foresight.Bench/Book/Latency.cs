using System.Diagnostics;

namespace Foresight.Bench.Book;

/// <summary>In nanoseconds, less the cost of reading the clock, because every sample includes that.</summary>
public sealed record Latency(double P50, double P99, double P999)
{
    public static Latency Of(IEngineRun run, int operations)
    {
        var ticks = new long[operations];
        for (var i = 0; i < operations; i++)
        {
            var start = Stopwatch.GetTimestamp();
            ticks[i] = Stopwatch.GetTimestamp() - start;
        }

        Array.Sort(ticks);
        var clock = ticks[operations / 2];
        for (var i = 0; i < operations; i++)
        {
            run.Prepare(i, i + 1);
            var start = Stopwatch.GetTimestamp();
            run.Run(i, i + 1);
            ticks[i] = Stopwatch.GetTimestamp() - start;
        }

        Array.Sort(ticks);
        double At(double share) => Math.Max(0, ticks[(int)((operations - 1) * share)] - clock) * 1e9 / Stopwatch.Frequency;
        return new Latency(At(0.5), At(0.99), At(0.999));
    }
}
