using System.Text.Json;

namespace Foresight.Bench.Book;

public sealed record BookReport(BookStream Stream, Candidate Measured, Candidate? Bare, Latency Latency, bool IsRight)
{
    private double? Ratio => Measured.Median.Nanoseconds / Bare?.Median.Nanoseconds;

    private double? ProcessorRatio => Measured.Median.Processor / Bare?.Median.Processor;

    /// <summary>The bound applies to W2 only, because its books stay in the cache; on other workloads the ratio measures memory.</summary>
    private bool IsJudged => Bare is not null && Stream.Name == "w2";

    /// <summary>By processor time, because wall-clock time includes other programs on a shared machine, and their share varies.</summary>
    public bool IsAsExpected(double mostRatio) => IsRight && !(IsJudged && ProcessorRatio > mostRatio);

    public void Print(double mostRatio)
    {
        Console.WriteLine();
        Console.WriteLine(
            $"  {"engine", -6} {"ns/op", 8} {"cpu ns", 8} {"Mops/s", 8} {"p50 ns", 8} {"p99 ns", 8} {"p99.9 ns", 9} {"B/op", 6} "
                + $"{"trades", 9} {"hash", 17}"
        );
        PrintRow(Measured, Latency);
        if (Bare is not null)
        {
            PrintRow(Bare, null);
            Console.WriteLine(
                $"  full / bare: {Ratio:f2} by the clock, {ProcessorRatio:f2} by processor time "
                    + (IsJudged ? $"(the latter must be at most {mostRatio:f1})" : "(judged on W2 only)")
            );
        }

        Console.WriteLine(IsAsExpected(mostRatio) ? "  results are as expected" : $"  WRONG: {Complaint(mostRatio)}");
        Console.WriteLine();
        PrintJson(mostRatio);
    }

    private string Complaint(double mostRatio)
    {
        if (!Stream.IsAsPublished)
            return $"the stream is not the published one: expected {Stream.Published!.Totals}, sha256 {Stream.Published.Sha256}";
        foreach (var contestant in (Candidate?[])[Measured, Bare])
        {
            if (contestant?.Complaint is { } complaint)
                return $"{contestant.Name}: {complaint}";
        }

        return $"full takes {ProcessorRatio:f2} times as long as bare, more than {mostRatio:f1}";
    }

    private void PrintRow(Candidate contestant, Latency? latency)
    {
        var median = contestant.Median;
        Console.Write($"  {contestant.Name, -6} {median.Nanoseconds, 8:f2} {median.Processor, 8:f2} {1000 / median.Nanoseconds, 8:f1} ");
        Console.Write($"{latency?.P50, 8:f0} {latency?.P99, 8:f0} {latency?.P999, 9:f0} {BytesPerOperation(contestant), 6:f2} ");
        Console.WriteLine($"{contestant.Totals.Trades, 9} {contestant.Totals.Hash, 17:x16}");
    }

    private double BytesPerOperation(Candidate contestant) => (double)contestant.Median.Bytes / Stream.Operations.Length;

    private void PrintJson(double mostRatio)
    {
        var median = Measured.Median;
        var bare = Bare?.Median;
        Console.WriteLine(
            JsonSerializer.Serialize(
                new
                {
                    workload = Stream.Name,
                    engine = Measured.Name,
                    ops = Stream.Operations.Length,
                    ns_per_op = Math.Round(median.Nanoseconds, 2),
                    mops_per_s = Math.Round(1000 / median.Nanoseconds, 2),
                    runs_ns_per_op = Measured.Timings.Select(timing => Math.Round(timing.Nanoseconds, 2)),
                    cpu_ns_per_op = Math.Round(median.Processor, 2),
                    bare_ns_per_op = Rounded(bare?.Nanoseconds),
                    bare_cpu_ns_per_op = Rounded(bare?.Processor),
                    ratio = Rounded(Ratio),
                    cpu_ratio = Rounded(ProcessorRatio),
                    judged = IsJudged ? "cpu_ratio" : null,
                    p50_ns = Math.Round(Latency.P50),
                    p99_ns = Math.Round(Latency.P99),
                    p999_ns = Math.Round(Latency.P999),
                    bytes_per_op = Math.Round(BytesPerOperation(Measured), 4),
                    trades = Measured.Totals.Trades,
                    quantity = Measured.Totals.Quantity,
                    notional = Measured.Totals.Notional,
                    cancels = Stream.Cancels,
                    hash = Measured.Totals.Hash.ToString("x16"),
                    sha256 = Stream.Sha256,
                    as_expected = IsAsExpected(mostRatio),
                }
            )
        );
    }

    private static double? Rounded(double? figure) => figure is { } value ? Math.Round(value, 2) : null;
}
