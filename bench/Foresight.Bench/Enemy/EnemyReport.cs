using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Foresight.Bench.Stack;
using Foresight.Matching.Leadership;
using Foresight.Protocol;

namespace Foresight.Bench.Enemy;

internal sealed partial class EnemyReport
{
    /// <summary>Seconds. A wrong Redis may cost a wait, but no stream is silent for longer (docs/decisions/0512).</summary>
    private const double MostSilence = 10;

    private const int Shown = 8;

    private const double FewestWrites = 200;
    private const double LongestPauseOfWrites = 1;

    /// <summary>If an act ended a term, the rest of its lease would have to pass first; five seconds more are for the take-over.</summary>
    private static readonly double MostUnavailable = new LeaseOptions().LeaseDuration.TotalSeconds + 5;

    private readonly List<string> _false = [];
    private readonly List<string> _missed = [];
    private readonly List<(Phase Phase, double Gap, int Taken)> _phases = [];
    private readonly List<string> _details = [];
    private JsonObject _json = [];

    private EnemyReport() { }

    /// <summary>Nothing untrue was answered or sent, no secret came out, nothing was lost.</summary>
    public bool IsTrue => _false.Count == 0;

    /// <summary>Every figure is within its bound. On a machine that does other work they are not the product's.</summary>
    public bool IsInTime => _missed.Count == 0;

    public static async Task<EnemyReport> OfAsync(
        TradingStack stack,
        RedisEnemy enemy,
        TradingLoad load,
        IReadOnlyList<HubWitness> witnesses,
        ServedBooks books,
        IReadOnlyList<Phase> phases
    )
    {
        var report = new EnemyReport();
        var truth = await JournalTruth.ReadAsync(stack.Database);
        truth.HighestEpoch = await stack.ScalarAsync<long>("SELECT epoch FROM leadership WHERE resource = $1", LeasedResources.Matching);
        report.CheckMessages(truth, witnesses, books);
        var (falseAcks, lost, doubled) = await CheckAnswersAsync(stack, load);
        var silence = report.CheckSilences(truth, load, witnesses, phases);
        var unavailable = report.CheckAvailability(load, phases);
        var seconds = phases.Sum(phase => phase.Seconds);
        var writes = phases.Sum(phase => phase.Writes);

        report._json = new JsonObject
        {
            ["seconds"] = Math.Round(seconds, 1),
            ["writes"] = writes,
            ["writes_per_s"] = Math.Round(writes / seconds, 1),
            ["longest_write_pause_s"] = Math.Round(enemy.LongestPause, 3),
            ["dropped"] = await DroppedAsync(stack),
            ["false_acks"] = falseAcks,
            ["false_messages"] = truth.False,
            ["secrets_seen"] = enemy.Loot.SecretsSeen.Count,
            ["longest_silence_s"] = double.IsInfinity(silence) ? null : Math.Round(silence, 2),
            ["unavailable_s"] = Math.Round(unavailable, 2),
            ["lost"] = lost,
            ["doubled"] = doubled,
            ["acknowledged"] = load.Acknowledged.Count,
            ["commands_to_fake_gateway"] = enemy.Gateway.Commands,
            ["connections_to_fake_gateway"] = enemy.Gateway.Connections,
            ["requests_to_fake_gateway"] = enemy.Gateway.Requests,
            ["messages_heard"] = enemy.Loot.MessagesHeard,
            ["epochs"] = truth.HighestEpoch,
        };
        foreach (var phase in phases)
            Require(
                phase.Writes / phase.Seconds >= FewestWrites,
                report._missed,
                $"{phase.Name}: {phase.Writes / phase.Seconds:0} writes/s, so it shows nothing below {FewestWrites}"
            );
        Require(enemy.LongestPause <= LongestPauseOfWrites, report._missed, $"the enemy paused for {enemy.LongestPause:0.00} s");
        Require(silence <= MostSilence, report._missed, $"a stream was silent for {silence:0.0} s while its journal moved");
        Require(unavailable <= MostUnavailable, report._missed, $"no order was taken for {unavailable:0.0} s");
        Require(falseAcks == 0, report._false, $"{falseAcks} answers acknowledge what the journal has not at that place");
        Require(truth.False == 0, report._false, $"{truth.False} messages are not in the journal with that content");
        Require(enemy.Loot.SecretsSeen.Count == 0, report._false, $"{enemy.Loot.SecretsSeen.Count} secrets came to the enemy");
        Require(enemy.Gateway.Requests == 0, report._false, $"{enemy.Gateway.Requests} requests came to the fake gateway");
        Require(lost == 0 && doubled == 0, report._false, $"{lost} orders lost, {doubled} doubled");
        // A stream that never came again is not late but dead, on any machine.
        Require(!double.IsInfinity(silence), report._false, "a stream never came again");
        report._details.AddRange(truth.Falsehoods.Select(one => $"FALSE: {one}"));
        report._details.AddRange(enemy.Loot.SecretsSeen.Take(Shown).Select(one => $"SECRET: {one.Key} at {one.Value}"));
        report._details.Add(
            $"clients were told of lost messages {witnesses.Sum(one => one.ContinuityLost)} times, "
                + $"reconnected {witnesses.Sum(one => one.Reconnects)} times; {books.NotServed} of "
                + $"{books.NotServed + books.Served.Count} books were not served"
        );
        report._details.Add($"other answers: {Listed(load.Others)}");
        report._details.Add($"refused to the enemy: {Listed(enemy.Refused)}");
        return report;
    }

    public void Print()
    {
        Console.WriteLine();
        foreach (var detail in _details)
            Console.WriteLine(detail);
        Console.WriteLine();
        Console.WriteLine($"{"act", -14} {"seconds", 8} {"writes/s", 9} {"orders/s", 9} {"longest without an order", 25}");
        foreach (var (phase, gap, taken) in _phases)
        {
            var (writes, orders) = (phase.Writes / phase.Seconds, taken / phase.Seconds);
            Console.WriteLine($"{phase.Name, -14} {phase.Seconds, 8:0.0} {writes, 9:0} {orders, 9:0.0} {gap, 23:0.00} s");
        }

        foreach (var broken in _false.Concat(_missed))
            Console.WriteLine($"BROKEN: {broken}");
        Console.WriteLine(_json.ToJsonString());
    }

    private void CheckMessages(JournalTruth truth, IReadOnlyList<HubWitness> witnesses, ServedBooks books)
    {
        truth.CheckBooks([.. witnesses.SelectMany(one => one.Depth.Select(seen => seen.Message)), .. books.Served]);
        foreach (var witness in witnesses)
        {
            foreach (var seen in witness.Trades)
                truth.Check(seen.Message);
            foreach (var seen in witness.Orders)
                truth.Check(seen.Message);
            foreach (var seen in witness.TradeStates)
                truth.Check(seen.Message);
            foreach (var seen in witness.Stats)
                truth.Check(seen.Message);
            truth.Check(witness.Notices.Select(seen => seen.Message));
        }

        _details.Add(
            $"seen by hub clients: {witnesses.Sum(one => one.Depth.Count)} depth, {witnesses.Sum(one => one.Trades.Count)} trades, "
                + $"{witnesses.Sum(one => one.Orders.Count)} private, {witnesses.Sum(one => one.Stats.Count)} stats, "
                + $"{witnesses.Sum(one => one.TradeStates.Count)} settlement, {witnesses.Sum(one => one.Notices.Count)} notices; "
                + $"{books.Served.Count} books over HTTP"
        );
    }

    private static async Task<(long False, long Lost, long Doubled)> CheckAnswersAsync(TradingStack stack, TradingLoad load)
    {
        var placed = load.Acknowledged.Where(answer => !answer.Cancels).ToList();
        var cancelled = load.Acknowledged.Where(answer => answer.Cancels).ToList();
        var atPlace = await stack.ScalarAsync<long>(
            """
            SELECT count(*) FROM unnest($1, $2, $3) a(hash, epoch, sequence)
            JOIN orders o ON o.order_hash = decode(a.hash, 'hex') AND o.epoch = a.epoch AND o.sequence = a.sequence
            JOIN commands c ON c.shard = 0 AND c.sequence = a.sequence AND c.epoch = a.epoch AND c.kind = 3
            """,
            placed.Select(answer => answer.Order.Hash[2..]).ToArray(),
            placed.Select(answer => answer.Place.Epoch).ToArray(),
            placed.Select(answer => answer.Place.Sequence).ToArray()
        );
        var cancelledAtPlace = await stack.ScalarAsync<long>(
            """
            SELECT count(*) FROM unnest($1, $2, $3) a(hash, epoch, sequence)
            JOIN orders o ON o.order_hash = decode(a.hash, 'hex') AND o.status IN (2, 3)
            JOIN commands c ON c.shard = 0 AND c.sequence = a.sequence AND c.epoch = a.epoch AND c.kind = 5
            """,
            cancelled.Select(answer => answer.Order.Hash[2..]).ToArray(),
            cancelled.Select(answer => answer.Place.Epoch).ToArray(),
            cancelled.Select(answer => answer.Place.Sequence).ToArray()
        );
        var kept = await stack.ScalarAsync<long>(
            "SELECT count(*) FROM unnest($1) a(hash) JOIN orders o ON o.order_hash = decode(a.hash, 'hex')",
            (object)placed.Select(answer => answer.Order.Hash[2..]).ToArray()
        );
        var accepted = await stack.ScalarAsync<long>("SELECT count(*) FROM commands WHERE kind = 3 AND result->>'status' = '0'");
        var distinct = await stack.ScalarAsync<long>("SELECT count(DISTINCT order_hash) FROM orders WHERE status <> 5");
        return (placed.Count - atPlace + cancelled.Count - cancelledAtPlace, placed.Count - kept, Math.Max(0, accepted - distinct));
    }

    private double CheckSilences(JournalTruth truth, TradingLoad load, IReadOnlyList<HubWitness> witnesses, IReadOnlyList<Phase> phases)
    {
        var until = phases[^1].To;
        // A false acknowledgement is counted as such, and no stream can report it.
        var placed = load
            .Acknowledged.Where(answer => !answer.Cancels && answer.At < until && answer.Place.Sequence <= truth.LastSequence)
            .ToList();
        var known = placed.GroupBy(answer => answer.Place.Sequence).ToDictionary(one => one.Key, one => one.First().At);
        var trades = truth.Trades.Where(trade => known.ContainsKey(trade.Place.Sequence)).ToLookup(trade => trade.Market);
        var worst = 0.0;
        var silent = 0;
        foreach (var witness in witnesses)
        {
            foreach (var market in placed.Select(answer => answer.Order.Terms.Market.Id).Distinct())
            {
                // An immediate order that finds nothing changes no book.
                var rested = placed.Where(answer => answer.Order.Terms is { IsImmediate: false } terms && terms.Market.Id == market);
                var traded = trades[market].Select(trade => (trade.Place.Sequence, known[trade.Place.Sequence])).ToList();
                Take(
                    "depth",
                    market,
                    [.. rested.Select(answer => (answer.Place.Sequence, answer.At))],
                    witness.Depth.Where(seen => seen.Message.Market == market).Select(seen => (seen.Message.Sequence, seen.At))
                );
                Take(
                    "trades",
                    market,
                    traded,
                    witness.Trades.Where(seen => seen.Message.Market == market).Select(seen => (seen.Message.Sequence, seen.At))
                );
                Take(
                    "stats",
                    market,
                    traded,
                    witness.Stats.Where(seen => seen.Message.Market == market).Select(seen => (seen.Message.Sequence, seen.At))
                );
            }

            foreach (var owner in witness.Owners)
                Take(
                    "orders",
                    owner,
                    [.. placed.Where(answer => answer.Order.Maker == owner).Select(answer => (answer.Place.Sequence, answer.At))],
                    witness
                        .Orders.Where(seen => seen.Message.Updates.Any(update => update.Owner == owner))
                        .Select(seen => (seen.Message.Sequence, seen.At))
                );

            void Take(string topic, object key, List<(long, long)> events, IEnumerable<(long Sequence, long At)> received)
            {
                var (seconds, since) = Silence.Longest(events, received.Where(one => one.Sequence <= truth.LastSequence));
                if (seconds > MostSilence && silent++ < Shown)
                    _details.Add(
                        $"SILENT: {topic} of {key} at {witness.Node.Port} for {seconds:0.0} s, from "
                            + $"{phases.LastOrDefault(phase => phase.From <= since)?.Name ?? "before the attack"} on"
                    );
                worst = Math.Max(worst, seconds);
            }
        }

        return worst;
    }

    private double CheckAvailability(TradingLoad load, IReadOnlyList<Phase> phases)
    {
        var taken = load.Acknowledged.Where(answer => !answer.Cancels).Select(answer => answer.At).Order().ToList();
        foreach (var phase in phases)
            _phases.Add((phase, LongestGap(taken, phase.From, phase.To), taken.Count(at => at >= phase.From && at < phase.To)));
        return LongestGap(taken, phases[0].From, load.EndedAt);
    }

    /// <summary>A silence that begins in a phase may last beyond it, because its cause may have an effect later.</summary>
    private static double LongestGap(List<long> taken, long from, long to)
    {
        var (last, longest) = (from, 0.0);
        foreach (var at in taken.Where(at => at >= from))
        {
            longest = Math.Max(longest, Stopwatch.GetElapsedTime(last, at).TotalSeconds);
            last = at;
            if (at >= to)
                return longest;
        }

        return Math.Max(longest, Stopwatch.GetElapsedTime(last, to).TotalSeconds);
    }

    private static async Task<long> DroppedAsync(TradingStack stack)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        var sum = 0.0;
        foreach (var process in stack.Processes.Where(process => !process.HasEnded))
        {
            if (process.ListeningAt is not { } address)
                continue;
            var metrics = await http.GetStringAsync(new Uri(address, "metrics"));
            sum += Dropped().Matches(metrics).Sum(match => double.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture));
        }

        return (long)sum;
    }

    private static void Require(bool holds, List<string> broken, string otherwise)
    {
        if (!holds)
            broken.Add(otherwise);
    }

    private static string Listed(IReadOnlyDictionary<string, int> counts) =>
        counts.Count == 0 ? "none" : string.Join(", ", counts.OrderByDescending(one => one.Value).Select(one => $"{one.Key} {one.Value}"));

    [GeneratedRegex(@"(?m)^foresight_\w*(?:dropped|stale)\w*(?:\{[^}\n]*\})? (\S+)")]
    private static partial Regex Dropped();
}
