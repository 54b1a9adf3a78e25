namespace Foresight.Bench.Book;

/// <summary>
/// <c>book [--workload w1|w2|w3] [--seed N] [--file F] [--engine bare|full] [--runs N]</c>: exit status 0 only if trades, quantity,
/// notional and hash equal what a naive book makes of the stream and, for the published seed, the published results, because speed without
/// them proves nothing; and if nothing is allocated. With the exchange the bare books run in turn with it, so that other load affects both,
/// and on W2 it must take at most twice their processor time.
/// </summary>
public static class BookVerb
{
    private const double MostRatio = 2;

    private const int WarmUps = 4;

    public static Task<int> RunAsync(Options options)
    {
        var name = options.OneOf("workload", "w2", [.. Workload.All.Select(workload => workload.Name)]);
        var seed = (ulong)options.Number("seed", (long)Workload.PublishedSeed);
        var file = options.Text("file");
        var isFull = options.OneOf("engine", "bare", "bare", "full") == "full";
        // A ratio of two medians needs more runs on a machine with other load.
        var runs = (int)options.Number("runs", isFull ? 15 : 5, min: 1, max: 1000);
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
        // Reserves the largest room that the stream needs outside the measured time, because the workload's rules allow it.
        var bare = new Candidate("bare", () => new BareRun(stream.Operations, stream.Books, stream.MostLive + 1));
        var full = isFull ? new Candidate("full", FullStream.Of(stream)) : null;
        var measured = full ?? bare;
        Candidate[] contestants = full is null ? [bare] : [full, bare];

        var isRight = stream.IsAsPublished;
        foreach (var contestant in contestants)
        {
            isRight &= contestant.Check(stream);
            for (var i = 0; i < WarmUps; i++)
                Timing.Of(contestant.Fresh(), 0, stream.Operations.Length);
        }

        // Alternates between the engines, so that other load on the machine affects both.
        for (var i = 0; i < runs; i++)
        {
            Console.Write($"run {i + 1}:");
            foreach (var contestant in contestants)
            {
                isRight &= contestant.Run(stream);
                var timing = contestant.Timings[^1];
                Console.Write($"  {contestant.Name} {timing.Nanoseconds, 7:f2} ns/op, {timing.Processor, 7:f2} ns/op of processor time");
            }

            Console.WriteLine();
        }

        var report = new BookReport(
            stream,
            measured,
            full is null ? null : bare,
            Latency.Of(measured.Fresh(), stream.Operations.Length),
            isRight
        );
        report.Print(MostRatio);
        return report.IsAsExpected(MostRatio) ? 0 : 1;
    }
}
