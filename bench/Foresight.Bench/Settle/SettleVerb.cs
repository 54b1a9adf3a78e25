using System.Text.Json.Nodes;
using Foresight.Bench.Stack;
using Foresight.Matching.ChainReading;
using Foresight.Matching.Settlement;

namespace Foresight.Bench.Settle;

/// <summary>
/// <c>settle [--trades N] [--rate R] [--seconds S] [--batch B]</c>: a backlog of N direct trades, a fifth as many mints and merges, then R
/// trades a second for S seconds, because only there the time from match to final is not that of a queue; and a tenth as many with one
/// trade in each transaction, which is the baseline. Exit status 0 if every trade settled once, by one transaction for each batch.
/// With <c>--firm</c>: <see cref="FirmSettleVerb"/>.
/// </summary>
internal static class SettleVerb
{
    public static async Task<int> RunAsync(Options options)
    {
        if (options.Switch("firm"))
            return await FirmSettleVerb.RunAsync(options);
        var trades = (int)options.Number("trades", 3_000, 100, 1_000_000);
        var rate = (int)options.Number("rate", 20, 1, 1_000);
        var seconds = (int)options.Number("seconds", 20, 1, 3_600);
        var most = (int)options.Number("batch", SettlementOptions.DefaultBatchTrades, 1, 500);
        options.RequireNoOthers();

        Console.WriteLine("starting Postgres, Redis, a chain and funded traders");
        await using var stack = await TradingStack.StartAsync(new TradingStackOptions(Traders: 8, Markets: 3, Sets: true));
        var flow = new TradeFlow(stack, stack.Keys);
        var markets = stack.Deployment.Markets;
        var nonceBefore = await stack.Chain.GetTransactionCountAsync(stack.Operator.Key.Address);
        await stack.StartNodeAsync(("SETTLEMENT_BATCH_TRADES", most.ToString()));
        // Accounts and markets have their storage slots in use afterwards, so the gas measured is that of the long run.
        await Phase.RunAsync(stack, "warm-up", () => flow.MatchAsync(MatchKind.Direct, 100, markets));

        var before = await Phase.LastTradeAsync(stack);
        var direct = await Phase.RunAsync(stack, "direct", () => flow.MatchAsync(MatchKind.Direct, trades, markets));
        var bound = await SettleFigures.BoundAsync(stack, before, await Phase.LastTradeAsync(stack));
        var mint = await Phase.RunAsync(stack, "mint", () => flow.MatchAsync(MatchKind.Mint, trades / 5, markets));
        var merge = await Phase.RunAsync(stack, "merge", () => flow.MatchAsync(MatchKind.Merge, trades / 5, markets));
        var steady = await Phase.RunAsync(stack, $"{rate} a second", () => SteadyAsync(flow, markets, rate, seconds));
        await stack.StartNodeAsync(("SETTLEMENT_BATCH_TRADES", "1"));
        var single = await Phase.RunAsync(stack, "one per transaction", () => flow.MatchAsync(MatchKind.Direct, trades / 10, markets));

        PhaseFigures[] phases = [direct, mint, merge, steady, single];
        Console.WriteLine();
        Console.WriteLine(
            $"{"phase", -20} {"trades", 8} {"settled/s", 10} {"gas/match", 10} {"trades/tx", 10} {"final p50 s", 12} "
                + $"{"p95 s", 8} {"failed", 7}"
        );
        foreach (var p in phases)
            Console.WriteLine(
                $"{p.Name, -20} {p.Trades, 8} {p.PerSecond, 10:0.0} {p.GasPerMatch, 10:0} {p.TradesPerBatch, 10:0.0} {p.P50, 12:0.00} "
                    + $"{p.P95, 8:0.00} {p.Failed, 7}"
            );

        Console.WriteLine($"direct: {bound}");
        var wrong = await SettleFigures.WrongAsync(stack, nonceBefore);
        foreach (var what in wrong)
            Console.WriteLine($"WRONG: {what}");
        Console.WriteLine(
            new JsonObject
            {
                ["settled_per_s"] = Round(direct.PerSecond),
                ["baseline_settled_per_s"] = Round(single.PerSecond),
                ["ratio"] = Round(direct.PerSecond / single.PerSecond),
                ["bound_per_s"] = bound.TradesPerSecond,
                ["gas_per_match"] = new JsonObject
                {
                    ["direct"] = Round(direct.GasPerMatch),
                    ["mint"] = Round(mint.GasPerMatch),
                    ["merge"] = Round(merge.GasPerMatch),
                    ["direct_alone"] = Round(single.GasPerMatch),
                },
                ["trades_per_transaction"] = Round(direct.TradesPerBatch),
                ["match_to_final_s"] = new JsonObject
                {
                    ["p50"] = Round(steady.P50),
                    ["p95"] = Round(steady.P95),
                    ["rate"] = rate,
                },
                ["failed"] = phases.Sum(p => p.Failed),
                ["correct"] = wrong.Count == 0,
            }.ToJsonString()
        );
        return wrong.Count == 0 ? 0 : 1;
    }

    private static async Task SteadyAsync(TradeFlow flow, IReadOnlyList<DeployedMarket> markets, int rate, int seconds)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1) / rate);
        for (var i = 0; i < rate * seconds; i++)
        {
            await timer.WaitForNextTickAsync();
            await flow.MatchAsync(
                (MatchKind)(
                    i % 5 is 0 ? 1
                    : i % 5 is 1 ? 2
                    : 0
                ),
                1,
                markets
            );
        }
    }

    /// <summary>Null for a phase within one block, which has no rate.</summary>
    internal static double? Round(double value) => double.IsFinite(value) ? Math.Round(value, 2) : null;
}
