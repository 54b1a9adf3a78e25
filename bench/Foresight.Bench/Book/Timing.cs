using System.Diagnostics;

namespace Foresight.Bench.Book;

/// <param name="Processor">Nanoseconds of processor time per operation, because wall-clock time includes other load on the machine.</param>
public readonly record struct Timing(double Nanoseconds, double Processor, long Bytes)
{
    public static Timing Of(IEngineRun run, int from, int to)
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        var elapsed = TimeSpan.Zero;
        var busy = TimeSpan.Zero;
        long bytes = 0;
        for (var start = from; start < to; start += run.Batch)
        {
            var end = Math.Min(start + run.Batch, to);
            run.Prepare(start, end);
            var bytesBefore = GC.GetAllocatedBytesForCurrentThread();
            var busyBefore = Environment.CpuUsage.UserTime;
            var before = Stopwatch.GetTimestamp();
            run.Run(start, end);
            elapsed += Stopwatch.GetElapsedTime(before);
            busy += Environment.CpuUsage.UserTime - busyBefore;
            bytes += GC.GetAllocatedBytesForCurrentThread() - bytesBefore;
        }

        return new Timing(elapsed.TotalNanoseconds / (to - from), busy.TotalNanoseconds / (to - from), bytes);
    }

    public static Timing Median(IReadOnlyCollection<Timing> timings) =>
        new(
            timings.Select(timing => timing.Nanoseconds).Order().ElementAt(timings.Count / 2),
            timings.Select(timing => timing.Processor).Order().ElementAt(timings.Count / 2),
            timings.Max(timing => timing.Bytes)
        );
}
