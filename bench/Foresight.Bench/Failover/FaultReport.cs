using System.Text.Json.Nodes;

namespace Foresight.Bench.Failover;

/// <summary>What N times the same fault did.</summary>
internal sealed class FaultReport(Fault fault)
{
    public const string Header =
        "fault               runs   gap p50   p95     max  back max  follows max  epochs  acknowledged  no answer  lost  doubled  stale  replay";

    private long acknowledged;
    private long others;

    /// <summary>Seconds without an acknowledgement.</summary>
    public List<double> Gaps { get; } = [];

    /// <summary>Seconds from the end of a fault that lasts to the first acknowledgement.</summary>
    public List<double> Back { get; } = [];

    /// <summary>Seconds from SIGCONT until the node says that it follows.</summary>
    public List<double> Demoted { get; } = [];

    /// <summary>Terms that began.</summary>
    public List<long> Epochs { get; } = [];

    public Verdict Verdict { get; private set; } = new(0, 0, 0, false, ["not judged"]);

    public JsonObject Json => new()
    {
        ["fault"] = fault.Name, ["runs"] = Gaps.Count, ["gap_p50_s"] = Percentile(Gaps, 0.5), ["gap_p95_s"] = Percentile(Gaps, 0.95),
        ["gap_max_s"] = Percentile(Gaps, 1), ["back_max_s"] = Percentile(Back, 1), ["demoted_max_s"] = Percentile(Demoted, 1), ["epochs"] = Epochs.Sum(),
        ["acknowledged"] = acknowledged, ["lost"] = Verdict.Lost, ["doubled"] = Verdict.Doubled, ["stale_rows"] = Verdict.StaleRows,
        ["replay_equal"] = Verdict.ReplayEqual, ["violations"] = Verdict.Violations.Count,
    };

    public string Line =>
        $"{fault.Name,-18} {Gaps.Count,5} {Percentile(Gaps, 0.5),7:0.00} s {Percentile(Gaps, 0.95),5:0.00} {Percentile(Gaps, 1),7:0.00} {Text(Back),9} {Text(Demoted),12} "
        + $"{Epochs.Sum(),7} {acknowledged,13:N0} {others,10} {Verdict.Lost,5} {Verdict.Doubled,8} {Verdict.StaleRows,6}  {(Verdict.ReplayEqual ? "equal" : "DIFFERS")}";

    public void Finish(OrderLoad load, Verdict verdict)
    {
        (acknowledged, others, Verdict) = (load.Count, load.Others.Values.Sum(), verdict);
        if (others > 0) Console.WriteLine($"  without an answer: {string.Join(", ", load.Others.Select(pair => $"{pair.Key} {pair.Value}"))}");
    }

    public void SayWhatIsWrong()
    {
        foreach (var sentence in Verdict.Violations) Console.WriteLine($"{fault.Name}: VIOLATION: {sentence}");
    }

    private static string Text(List<double> values) => values.Count == 0 ? "-" : $"{Percentile(values, 1):0.00}";

    /// <summary>The nearest rank; null if there is none.</summary>
    private static double? Percentile(List<double> values, double part) =>
        values.Count == 0 ? null : Math.Round(values.Order().ElementAt((int)Math.Ceiling(part * values.Count) - 1), 3);
}
