using System.Buffers;
using System.Diagnostics;
using Foresight.Exchange;

namespace Foresight.Bench.Book;

/// <summary>What it takes to keep an exchange full of resting orders: in memory, and as a snapshot.</summary>
/// <param name="ExpiringPercent">How many of the orders are in the expiry queue.</param>
/// <param name="BytesPerOrder">Of everything that the exchange keeps, by the garbage collector's count, grown from nothing.</param>
/// <param name="WriteMs">The median time to write a snapshot.</param>
/// <param name="SlowestWriteMs">Told, not judged: on a machine that is busy otherwise it is the others' doing.</param>
/// <param name="ReadMs">The median time to restore.</param>
/// <param name="SlowestReadMs">As of writing.</param>
/// <param name="IsEqual">Whether every restored exchange had the hash of the one that was written.</param>
public sealed record Stored(
    int ExpiringPercent, double BytesPerOrder, double WriteMs, double SlowestWriteMs, double ReadMs, double SlowestReadMs,
    long SnapshotBytes, bool IsEqual)
{
    private const double MostBytesPerOrder = 100;
    private const double MostMs = 1000;
    private const int Times = 5;

    public bool IsAsExpected => IsEqual && BytesPerOrder < MostBytesPerOrder && WriteMs < MostMs && ReadMs < MostMs;

    public static IReadOnlyList<Stored> Measure(int orders)
    {
        Console.WriteLine(
            $"  {orders:n0} orders: {"expiring",9} {"B/order",8} {"snapshot MB",12} {"write ms",9} {"slowest",8} {"restore ms",11} {"slowest",8}");
        var workload = new Workload("store", 0, 1, (uint)orders, new Expectation("", 0, TradeTotals.None));
        var (operations, _, _) = WorkloadGenerator.Generate(workload, Workload.PublishedSeed, orders);
        var stores = new List<Stored>();
        foreach (var percent in (int[])[0, 50, 100])
        {
            var store = Of(FullStream.From(operations, 1, orders, percent), orders, percent);
            stores.Add(store);
            Console.Write($"  {"",17}{percent,8} % {store.BytesPerOrder,8:f1} {store.SnapshotBytes / 1e6,12:f0} ");
            Console.WriteLine($"{store.WriteMs,9:f0} {store.SlowestWriteMs,8:f0} {store.ReadMs,11:f0} {store.SlowestReadMs,8:f0}");
        }

        return stores;
    }

    private static Stored Of(FullStream stream, int orders, int expiringPercent)
    {
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var run = new FullRun(stream, new ExchangeCapacity());
        Timing.Of(run, 0, orders);
        if (run.Missed > 0)
            throw new InvalidOperationException($"{run.Missed} orders were refused, the first with {run.FirstRefusal}");
        var bytes = GC.GetTotalMemory(forceFullCollection: true) - before;
        var hash = run.Engine.StateHash();

        var writes = new List<double>();
        var reads = new List<double>();
        long length = 0;
        var isEqual = true;
        for (var i = 0; i < Times; i++)
        {
            var buffer = new ArrayBufferWriter<byte>(1 << 16);
            var start = Stopwatch.GetTimestamp();
            run.Engine.WriteSnapshot(buffer);
            writes.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            length = buffer.WrittenCount;
            start = Stopwatch.GetTimestamp();
            var restored = ExchangeEngine.Restore(buffer.WrittenSpan);
            reads.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            isEqual &= restored.StateHash() == hash;
        }

        return new Stored(
            expiringPercent, (double)bytes / orders, Median(writes), writes.Max(), Median(reads), reads.Max(), length, isEqual);
    }

    private static double Median(List<double> times) => times.Order().ElementAt(times.Count / 2);
}
