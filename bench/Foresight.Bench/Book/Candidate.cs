namespace Foresight.Bench.Book;

public sealed record Candidate(string Name, Func<IEngineRun> Fresh)
{
    public List<Timing> Timings { get; } = [];

    public Timing Median => Timing.Median(Timings);

    /// <summary>Includes the hash, which timed runs leave out because it would add to their time.</summary>
    public TradeTotals Totals { get; private set; } = TradeTotals.None;

    public string? Complaint { get; private set; }

    public bool Check(BookStream stream)
    {
        var run = Fresh();
        Totals = run.RunHashed();
        return IsRight(run, Totals == stream.Totals, stream);
    }

    public bool Run(BookStream stream)
    {
        var run = Fresh();
        Timings.Add(Timing.Of(run, 0, stream.Operations.Length));
        if (Timings[^1].Bytes > 0)
            Complaint ??= $"{Timings[^1].Bytes} bytes were allocated";
        return IsRight(run, run.Totals with { Hash = Totals.Hash } == stream.Totals, stream) && Timings[^1].Bytes == 0;
    }

    private bool IsRight(IEngineRun run, bool isEqual, BookStream stream)
    {
        if (run.Missed > 0)
            Complaint ??= $"{run.Missed} operations were refused, the first with {run.FirstRefusal}";
        else if (!isEqual)
            Complaint ??= $"expected {stream.Totals}, not {Totals}";
        return isEqual && run.Missed == 0;
    }
}
