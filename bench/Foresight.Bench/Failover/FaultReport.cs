using System.Globalization;
using System.Text.Json.Nodes;

namespace Foresight.Bench.Failover;

internal sealed class FaultReport(Fault fault, Bounds bounds)
{
    public const string Header =
        "fault               runs   gap p50   p95     max  back max  follows max  epochs  acknowledged  no answer  "
        + "lost  doubled  stale  replay";

    private readonly List<string> _wrong = [];
    private long _acknowledged;
    private long _others;
    private Verdict _verdict = Verdict.Clean;

    /// <summary>
    /// Longest time without an acknowledgement in each run, in seconds like every figure here, because the bounds are in seconds.
    /// </summary>
    public List<double> Gaps { get; } = [];

    public List<double> Unavailable { get; } = [];

    public List<double> Back { get; } = [];

    public List<double> Demoted { get; } = [];

    public List<double> Answers { get; } = [];

    public List<long> Epochs { get; } = [];

    public bool Holds => _verdict.Holds && _wrong.Count == 0 && Judged.All(one => one.Holds);

    public Verdict Verdict => _verdict;

    public JsonObject Json =>
        new()
        {
            ["fault"] = fault.Name,
            ["runs"] = Gaps.Count,
            ["gap_p50_s"] = Percentile(Gaps, 0.5),
            ["gap_p95_s"] = Percentile(Gaps, 0.95),
            ["gap_max_s"] = Percentile(Gaps, 1),
            ["unavailable_max_s"] = Percentile(Unavailable, 1),
            ["back_max_s"] = Percentile(Back, 1),
            ["demoted_max_s"] = Percentile(Demoted, 1),
            ["answer_max_s"] = Percentile(Answers, 1),
            ["epochs"] = Epochs.Sum(),
            ["acknowledged"] = _acknowledged,
            ["no_answer"] = _others,
            ["lost"] = _verdict.Lost,
            ["unreplicated"] = _verdict.Unreplicated,
            ["doubled"] = _verdict.Doubled,
            ["stale_rows"] = _verdict.StaleRows,
            ["replay_equal"] = _verdict.ReplayEqual,
            ["violations"] = _verdict.Violations.Count + _wrong.Count,
            ["holds"] = Holds,
        };

    public string Line =>
        $"{fault.Name, -18} {Gaps.Count, 5} {Percentile(Gaps, 0.5), 7:0.00} s {Percentile(Gaps, 0.95), 5:0.00} "
        + $"{Percentile(Gaps, 1), 7:0.00} {Text(Back), 9} {Text(Demoted), 12} "
        + $"{Epochs.Sum(), 7} {_acknowledged, 13:N0} {_others, 10} {_verdict.Lost, 5} {_verdict.Doubled, 8} {_verdict.StaleRows, 6}  "
        + $"{(_verdict.ReplayEqual ? "equal" : "DIFFERS")}";

    private IEnumerable<(string Sentence, bool Holds)> Judged
    {
        get
        {
            if (bounds.Silence is { } silence)
                yield return Judge("longest silence", Gaps, silence, "s");
            if (bounds.Unavailable is { } unavailable)
                yield return Judge("unavailable in all", Unavailable, unavailable, "s");
            if (bounds.Demotion is { } demotion)
                yield return Judge("follows after SIGCONT", Demoted, demotion, "s");
            if (bounds.Epochs is { } epochs)
                yield return Judge("terms that began", [.. Epochs.Select(count => (double)count)], epochs, "");
            if (bounds.Answer is not { } answer)
                yield break;
            yield return Judge("last answer to an order", Answers, answer, "s");
            yield return ($"orders without an answer: {_others}, at most 0", _others == 0);
        }
    }

    public void Finish(OrderLoad load, Verdict found, IEnumerable<string> sentences)
    {
        var unanswered = load.Others.Values.Sum();
        (_acknowledged, _others, _verdict) = (_acknowledged + load.Count, _others + unanswered, _verdict.And(found));
        _wrong.AddRange(sentences);
        if (unanswered > 0)
            Console.WriteLine($"  without an answer: {string.Join(", ", load.Others.Select(pair => $"{pair.Key} {pair.Value}"))}");
    }

    public void SayWhatWasJudged()
    {
        foreach (var (sentence, holds) in Judged)
            Console.WriteLine($"{fault.Name}: {sentence}: {(holds ? "held" : "BROKEN")}");
        if (fault.Replication == Replication.Asynchronous)
            Console.WriteLine($"{fault.Name}: acknowledged and lost with a primary whose standby lacked them: {_verdict.Unreplicated:N0}");
        foreach (var sentence in _verdict.Violations.Concat(_wrong))
            Console.WriteLine($"{fault.Name}: VIOLATION: {sentence}");
    }

    private static (string Sentence, bool Holds) Judge(string what, List<double> values, double bound, string unit)
    {
        var worst = values.Count == 0 ? 0 : values.Max();
        return (string.Create(CultureInfo.InvariantCulture, $"{what}: {worst:0.##} {unit}, at most {bound:0.##} {unit}"), worst <= bound);
    }

    private static string Text(List<double> values) => values.Count == 0 ? "-" : $"{Percentile(values, 1):0.00}";

    /// <summary>By nearest rank, so that it is always a measured value; null without values.</summary>
    private static double? Percentile(List<double> values, double part) =>
        values.Count == 0 ? null : Math.Round(values.Order().ElementAt((int)Math.Ceiling(part * values.Count) - 1), 3);
}
