using System.Buffers;
using System.Diagnostics;
using Foresight.Matching.Engine;

namespace Foresight.Bench.Book;

/// <param name="BytesPerOrder">
/// By the garbage collector's count, of an engine that grew from empty, so that spare room of the tables counts.
/// </param>
/// <param name="WriteCpuMs">Median. Judged instead of the wall-clock time, because that includes other load on the machine.</param>
public sealed record SnapshotFootprint(
    int ExpiringPercent,
    double BytesPerOrder,
    double WriteMs,
    double WriteCpuMs,
    double ReadMs,
    double ReadCpuMs,
    long SnapshotBytes,
    bool IsEqual
)
{
    private const double MostBytesPerOrder = 100;
    private const double MostMs = 1000;
    private const int Times = 5;

    public bool IsAsExpected => IsEqual && BytesPerOrder < MostBytesPerOrder && WriteCpuMs < MostMs && ReadCpuMs < MostMs;

    public static IReadOnlyList<SnapshotFootprint> Measure(int orders)
    {
        Console.Write($"  {orders:n0} orders: {"expiring", 9} {"B/order", 8} {"snapshot MB", 12} ");
        Console.WriteLine($"{"write ms", 9} {"cpu ms", 8} {"restore ms", 11} {"cpu ms", 8}");
        var workload = new Workload("store", 0, 1, (uint)orders, new Expectation("", 0, TradeTotals.None));
        var (operations, _, _) = WorkloadGenerator.Generate(workload, Workload.PublishedSeed, orders);
        var stores = new List<SnapshotFootprint>();
        foreach (var percent in (int[])[0, 50, 100])
        {
            var store = Of(FullStream.From(operations, 1, orders, percent), orders, percent);
            stores.Add(store);
            Console.Write($"  {"", 17}{percent, 8} % {store.BytesPerOrder, 8:f1} {store.SnapshotBytes / 1e6, 12:f0} ");
            Console.WriteLine($"{store.WriteMs, 9:f0} {store.WriteCpuMs, 8:f0} {store.ReadMs, 11:f0} {store.ReadCpuMs, 8:f0}");
        }

        return stores;
    }

    private static SnapshotFootprint Of(FullStream stream, int orders, int expiringPercent)
    {
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var run = new FullRun(stream, new ExchangeCapacity());
        Timing.Of(run, 0, orders);
        if (run.Missed > 0)
            throw new InvalidOperationException($"{run.Missed} orders were refused, the first with {run.FirstRefusal}");
        var bytes = GC.GetTotalMemory(forceFullCollection: true) - before;
        var hash = run.Engine.StateHash();

        var writes = new List<double>();
        var writesCpu = new List<double>();
        var reads = new List<double>();
        var readsCpu = new List<double>();
        long length = 0;
        var isEqual = true;
        for (var i = 0; i < Times; i++)
        {
            var buffer = new ArrayBufferWriter<byte>(1 << 16);
            var busy = Environment.CpuUsage.TotalTime;
            var start = Stopwatch.GetTimestamp();
            run.Engine.WriteSnapshot(buffer);
            writes.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            writesCpu.Add((Environment.CpuUsage.TotalTime - busy).TotalMilliseconds);
            length = buffer.WrittenCount;
            busy = Environment.CpuUsage.TotalTime;
            start = Stopwatch.GetTimestamp();
            var restored = ExchangeEngine.Restore(buffer.WrittenSpan);
            reads.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            readsCpu.Add((Environment.CpuUsage.TotalTime - busy).TotalMilliseconds);
            isEqual &= restored.StateHash() == hash;
        }

        return new SnapshotFootprint(
            expiringPercent,
            (double)bytes / orders,
            Median(writes),
            Median(writesCpu),
            Median(reads),
            Median(readsCpu),
            length,
            isEqual
        );
    }

    private static double Median(List<double> times) => times.Order().ElementAt(times.Count / 2);
}
