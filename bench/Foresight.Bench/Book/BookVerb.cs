using System.Text.Json;
using Foresight.Exchange;

namespace Foresight.Bench.Book;

/// <summary>
/// <c>book [--workload w1|w2|w3] [--seed N] [--file F] [--engine bare|full] [--runs N]</c>: the matching workload, generated here or read
/// from a file, on the bare books or through the whole exchange. Right only if trades, quantity, notional and hash equal what an obvious
/// book makes of the stream and, for the published seed, the published results; and if nothing is allocated while it runs.
/// </summary>
public static class BookVerb
{
    private const int WarmUps = 4;

    public static Task<int> RunAsync(Options options)
    {
        var name = options.OneOf("workload", "w2", [.. Workload.All.Select(workload => workload.Name)]);
        var seed = (ulong)options.Number("seed", (long)Workload.PublishedSeed);
        var file = options.Text("file");
        var isFull = options.OneOf("engine", "bare", "bare", "full") == "full";
        var runs = (int)options.Number("runs", 5, min: 1, max: 1000);
        options.RequireNoOthers();

        Console.WriteLine(file is null ? $"generating {name} with seed {seed}" : $"reading {file}");
        var stream = file is null
            ? BookStream.Generate(Workload.All.Single(workload => workload.Name == name), seed)
            : BookStream.Read(file);
        Console.WriteLine($"{stream.Operations.Length:n0} operations on {stream.Books:n0} books, sha256 {stream.Sha256}");
        return Task.FromResult(Measure(stream, isFull, runs));
    }

    private static int Measure(BookStream stream, bool isFull, int runs)
    {
        var full = isFull ? FullStream.From(stream.Operations, stream.Books) : null;
        // Room for what the stream needs at most is made outside the clock, as the workload's rules allow.
        var capacity = new ExchangeCapacity(
            stream.MostLive + 1, (int)stream.Totals.Trades + 1, Accounts: 64, Holdings: 64 * (1 + 2 * stream.Books),
            Pages: Math.Min(stream.Books * 40, 40_000));
        IEngineRun Fresh() => full is null ? new BareRun(stream.Operations, stream.Books, capacity.Orders) : new FullRun(full, capacity);

        var checking = Fresh();
        var totals = checking.RunHashed();
        var isRight = totals == stream.Totals && checking.Missed == 0 && stream.IsAsPublished;
        for (var i = 0; i < WarmUps; i++)
            Timing.Of(Fresh(), 0, stream.Operations.Length);

        var timings = new List<Timing>();
        for (var i = 0; i < runs; i++)
        {
            var run = Fresh();
            timings.Add(Timing.Of(run, 0, stream.Operations.Length));
            isRight &= run.Totals with { Hash = totals.Hash } == totals && run.Missed == 0 && timings[^1].Bytes == 0;
            Console.WriteLine($"run {i + 1}: {timings[^1].Nanoseconds,7:f2} ns/op, {timings[^1].Processor,7:f2} ns/op of processor time");
        }

        Print(stream, isFull, timings, Latency.Of(Fresh(), stream.Operations.Length), totals, isRight);
        return isRight ? 0 : 1;
    }

    private static void Print(BookStream stream, bool isFull, List<Timing> timings, Latency latency, TradeTotals totals, bool isRight)
    {
        var median = Timing.Median(timings);
        var bytes = (double)median.Bytes / stream.Operations.Length;
        Console.WriteLine();
        Console.WriteLine(
            $"  {"engine",-6} {"ns/op",8} {"cpu ns",8} {"Mops/s",8} {"p50 ns",8} {"p99 ns",8} {"p99.9 ns",9} {"B/op",6} {"trades",9} {"hash",17}");
        Console.Write(
            $"  {(isFull ? "full" : "bare"),-6} {median.Nanoseconds,8:f2} {median.Processor,8:f2} {1000 / median.Nanoseconds,8:f1} ");
        Console.WriteLine($"{latency.P50,8:f0} {latency.P99,8:f0} {latency.P999,9:f0} {bytes,6:f2} {totals.Trades,9} {totals.Hash,17:x16}");
        Console.WriteLine(isRight
            ? "  results are as expected"
            : $"  WRONG: expected {stream.Published?.Totals ?? stream.Totals} (sha256 {stream.Published?.Sha256 ?? stream.Sha256})");
        Console.WriteLine();
        Console.WriteLine(JsonSerializer.Serialize(new
        {
            workload = stream.Name,
            engine = isFull ? "full" : "bare",
            ops = stream.Operations.Length,
            ns_per_op = Math.Round(median.Nanoseconds, 2),
            mops_per_s = Math.Round(1000 / median.Nanoseconds, 2),
            runs_ns_per_op = timings.Select(timing => Math.Round(timing.Nanoseconds, 2)),
            cpu_ns_per_op = Math.Round(median.Processor, 2),
            p50_ns = Math.Round(latency.P50),
            p99_ns = Math.Round(latency.P99),
            p999_ns = Math.Round(latency.P999),
            bytes_per_op = Math.Round(bytes, 4),
            trades = totals.Trades,
            quantity = totals.Quantity,
            notional = totals.Notional,
            cancels = stream.Cancels,
            hash = totals.Hash.ToString("x16"),
            sha256 = stream.Sha256,
            as_expected = isRight,
        }));
    }
}
