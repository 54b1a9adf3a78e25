using System.Text;
using System.Text.Json.Nodes;
using Foresight.Bench.Stack;
using Foresight.Protocol;

namespace Foresight.Bench.Ingest;

/// <summary>
/// <c>ingest [--seconds N] [--in-flight N]</c>: signed orders through <c>POST /orders</c>, N requests in flight. Orders are signed before
/// the clock starts, because signing is the client's work. Exit status 0 if every order was acknowledged and every acknowledged order is in
/// the journal exactly once.
/// </summary>
internal static class IngestVerb
{
    /// <summary>Enough for the JIT to reach its final tier in the services.</summary>
    private const int WarmUpOrders = 20_000;

    /// <summary>The last part of the warm-up, because its rate determines how many orders have to be signed.</summary>
    private const int TrialOrders = 5_000;

    /// <summary>More orders than the trial's rate suggests, so that a faster run does not run out of them.</summary>
    private const double Reserve = 1.5;

    private static readonly TimeSpan WarmUpAtMost = TimeSpan.FromMinutes(1);

    public static async Task<int> RunAsync(Options options)
    {
        var seconds = (int)options.Number("seconds", 15, 1, 600);
        var inFlight = (int)options.Number("in-flight", 64, 1, 4_096);
        options.RequireNoOthers();

        Console.WriteLine("starting Postgres with a replica, Redis, a chain, a matching node and an Api node");
        await using var stack = await TradingStack.StartAsync(new TradingStackOptions(Traders: 32, Markets: 4, Replica: true));
        await stack.StartNodeAsync();
        using var load = new HttpLoad(await stack.StartApiAsync(), inFlight);
        var flow = new RestingFlow(stack);
        Console.WriteLine($"warming up with {WarmUpOrders} orders");
        var warm = await load.RunAsync(flow.Sign(WarmUpOrders - TrialOrders), WarmUpAtMost);
        var trial = await load.RunAsync(flow.Sign(TrialOrders), WarmUpAtMost);
        var orders = flow.Sign((int)(trial.PerSecond * seconds * Reserve) + inFlight);
        Console.WriteLine($"{trial.PerSecond:0} orders/s; {orders.Count} more are signed, measuring for {seconds} s");
        var before = await stack.Router.LeaderStatusAsync();
        var run = await load.RunAsync(orders, TimeSpan.FromSeconds(seconds));
        var checkedShare = SignaturesChecked(before, await stack.Router.LeaderStatusAsync());

        IReadOnlyList<HttpAnswer> all = [.. warm.Answers, .. trial.Answers, .. run.Answers];
        var verdict = await IngestVerdict.OfAsync(stack, all);
        var trades = await stack.ScalarAsync<long>("SELECT count(*) FROM trades");
        foreach (var refused in all.Where(answer => answer.Status != 201).Take(3))
            Console.WriteLine($"REFUSED: {refused.Status} {Encoding.UTF8.GetString(refused.Body)}");
        var times = run.Answers.Select(answer => answer.Took).Order().ToArray();
        var (p50, p99) = (times[times.Length / 2], times[times.Length * 99 / 100]);
        Console.WriteLine();
        Console.WriteLine(
            $"{"orders", 10} {"seconds", 8} {"orders/s", 10} {"p50 ms", 8} {"p99 ms", 8} {"trades", 8} {"refused", 8} "
                + $"{"lost", 6} {"doubled", 8} {"checked", 8}"
        );
        Console.WriteLine(
            $"{run.Answers.Count, 10} {run.Seconds, 8:0.00} {run.PerSecond, 10:0} {p50, 8:0.00} {p99, 8:0.00} {trades, 8} "
                + $"{verdict.Refused, 8} {verdict.Lost, 6} {verdict.Doubled, 8} {checkedShare, 8:0.000}"
        );
        Console.WriteLine(
            new JsonObject
            {
                ["http_orders_per_s"] = Math.Round(run.PerSecond, 1),
                ["p50_ms"] = Math.Round(p50, 3),
                ["p99_ms"] = Math.Round(p99, 3),
                ["orders"] = run.Answers.Count,
                ["in_flight"] = inFlight,
                ["refused"] = verdict.Refused,
                ["lost"] = verdict.Lost,
                ["doubled"] = verdict.Doubled,
                ["checked_share"] = Math.Round(checkedShare, 3),
            }.ToJsonString()
        );
        return verdict.Holds ? 0 : 1;
    }

    private static double SignaturesChecked(MatchingNodeStatus? before, MatchingNodeStatus? after) =>
        before is null || after is null
            ? double.NaN
            : (after.SignaturesChecked - before.SignaturesChecked) / (double)(after.Signatures - before.Signatures);
}
