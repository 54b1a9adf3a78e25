using System.Text.Json;

namespace Foresight.Bench.Book;

/// <summary>
/// <c>book-depth [--engine bare|full] [--operations N] [--runs N]</c>: exit status 0 only below 100 bytes an order, below a second of
/// processor time to write or read a snapshot, and with less than twice the time for an operation among 1,000,000 orders than among 1,000.
/// The second column is for information only, because its cancels pick any order, and so it measures memory that no cache holds
/// (docs/decisions/0111).
/// </summary>
public static class DepthVerb
{
    private const int WarmUps = 3;
    private const int Deepest = 1_000_000;

    public static Task<int> RunAsync(Options options)
    {
        var isFull = options.OneOf("engine", "bare", "bare", "full") == "full";
        var operations = (int)options.Number("operations", 500_000, min: 100_000, max: 10_000_000);
        var runs = (int)options.Number("runs", 3, min: 1, max: 1000);
        options.RequireNoOthers();

        Console.WriteLine($"  {"resting", 9} {"ns/op", 8} {"cpu ns/op", 10} {"any: ns/op", 11} {"cpu ns/op", 10}");
        var speeds = new List<(int Resting, Timing Behind, Timing InTheWay)>();
        foreach (var resting in (int[])[1_000, 10_000, 100_000, Deepest])
        {
            var behind = Measure(isFull, resting, operations, runs, inTheWay: false);
            var inTheWay = Measure(isFull, resting, operations, runs, inTheWay: true);
            speeds.Add((resting, behind, inTheWay));
            Console.WriteLine(
                $"  {resting, 9:n0} {behind.Nanoseconds, 8:f2} {behind.Processor, 10:f2} {inTheWay.Nanoseconds, 11:f2} "
                    + $"{inTheWay.Processor, 10:f2}"
            );
        }

        // By processor time, because other load on the machine is unrelated to the depth of the book.
        var slowdown = speeds[^1].Behind.Processor / speeds[0].Behind.Processor;
        var slowdownAny = speeds[^1].InTheWay.Processor / speeds[0].InTheWay.Processor;
        Console.WriteLine();
        Console.WriteLine($"  slow-down from 1,000 to 1,000,000 orders: {slowdown:f2} x (any order touched: {slowdownAny:f2} x)");
        Console.WriteLine();
        var stores = SnapshotFootprint.Measure(Deepest);
        // The worst of each figure, so that no case passes at the cost of another.
        var isRight = slowdown < 2 && stores.All(store => store.IsAsExpected);
        Console.WriteLine(isRight ? "  results are as expected" : "  NOT as expected");
        Console.WriteLine();
        Console.WriteLine(
            JsonSerializer.Serialize(
                new
                {
                    engine = isFull ? "full" : "bare",
                    ops = operations,
                    depths = speeds.Select(speed => new
                    {
                        resting = speed.Resting,
                        ns_per_op = Math.Round(speed.Behind.Nanoseconds, 2),
                        cpu_ns_per_op = Math.Round(speed.Behind.Processor, 2),
                        any_cpu_ns_per_op = Math.Round(speed.InTheWay.Processor, 2),
                    }),
                    slowdown = Math.Round(slowdown, 3),
                    slowdown_any = Math.Round(slowdownAny, 3),
                    bytes_per_order = Math.Round(stores.Max(store => store.BytesPerOrder), 1),
                    snapshot_bytes = stores.Max(store => store.SnapshotBytes),
                    snapshot_ms = Math.Round(stores.Max(store => store.WriteMs)),
                    restore_ms = Math.Round(stores.Max(store => store.ReadMs)),
                    restored_hash_equal = stores.All(store => store.IsEqual),
                    stores = stores.Select(store => new
                    {
                        expiring_percent = store.ExpiringPercent,
                        bytes_per_order = Math.Round(store.BytesPerOrder, 1),
                        snapshot_bytes = store.SnapshotBytes,
                        snapshot_ms = Math.Round(store.WriteMs),
                        snapshot_cpu_ms = Math.Round(store.WriteCpuMs),
                        restore_ms = Math.Round(store.ReadMs),
                        restore_cpu_ms = Math.Round(store.ReadCpuMs),
                    }),
                    as_expected = isRight,
                }
            )
        );
        return Task.FromResult(isRight ? 0 : 1);
    }

    private static Timing Measure(bool isFull, int resting, int operations, int runs, bool inTheWay)
    {
        var workload = new Workload("depth", operations, 1, inTheWay ? (uint)resting : 2_000, new Expectation("", 0, TradeTotals.None));
        var (stream, totals, mostLive) = WorkloadGenerator.Generate(workload, Workload.PublishedSeed, resting, inTheWay);
        var full = isFull ? FullStream.From(stream, 1, Math.Max(mostLive, Deepest)) : null;
        IEngineRun Fresh() =>
            full is null ? new BareRun(stream, 1, mostLive + 1) : new FullRun(full, full.Capacity(mostLive, totals.Trades));

        var timings = new List<Timing>();
        for (var i = -WarmUps; i < runs; i++)
        {
            var run = Fresh();
            Timing.Of(run, 0, resting);
            var timing = Timing.Of(run, resting, stream.Length);
            if (run.Missed > 0)
                throw new InvalidOperationException($"{run.Missed} operations were refused, the first with {run.FirstRefusal}");
            if (i >= 0)
                timings.Add(timing);
        }

        return Timing.Median(timings);
    }
}
