using System.Text.Json.Nodes;
using Foresight.Bench.Stack;
using Foresight.Matching.ChainReading;

namespace Foresight.Bench.Settle;

/// <summary>
/// <c>settle --firm [--trades N]</c>: settlement of N firm and N soft direct trades (3,000) in turn, and a fifth as many mints and merges:
/// trades a second and gas a match. <c>settle --firm --adversary all|NAME [--trades N]</c>: N firm trades (1,000) under each adversary, and
/// as many soft ones, whose acts are mined between match and settlement. Exit status 2 if a firm trade failed or is not final at the end, 1
/// if anything else is not as it must be.
/// </summary>
internal static class FirmSettleVerb
{
    private const int WarmUp = 400;

    /// <summary>Turns of each crowd, so that a busy machine is one for both.</summary>
    private const int Turns = 3;

    public static async Task<int> RunAsync(Options options)
    {
        var name = options.Text("adversary");
        // Of direct trades 3,000, because 1,000 are only four blocks.
        var trades = (int)options.Number("trades", name is null ? 3_000 : 1_000, 10, 100_000);
        options.RequireNoOthers();
        var adversaries = name is null ? [] : Adversaries.All.Where(one => name == "all" || one.Name == name).ToList();
        if (name is not null && adversaries.Count == 0)
            throw new OptionException(
                $"--adversary is all or one of\n{string.Join('\n', Adversaries.All.Select(one => $"  {one.Name, -18} {one.What}"))}"
            );

        Console.WriteLine("starting Postgres, Redis, a chain with a vault, two nodes and two funded crowds");
        await using var stack = await FirmStack.StartAsync(
            isWatched: adversaries.Count > 0,
            hasWallets: adversaries.Any(one => one.OfContractWallets)
        );
        var run = new AdversaryRun(stack);
        var nonceBefore = await stack.Stack.Chain.GetTransactionCountAsync(stack.Stack.Operator.Key.Address);
        // The rate that settlement is measured by bounds firm trades; and storage slots are in use afterwards.
        await Phase.RunAsync(stack.Stack, "warm-up, firm", () => MatchAllAsync(run.Firm, MatchKind.Direct, WarmUp, stack.Markets.Firm));
        await Phase.RunAsync(stack.Stack, "warm-up, soft", () => MatchAllAsync(run.Soft, MatchKind.Direct, WarmUp, stack.Markets.Soft));
        return adversaries.Count > 0
            ? await AdversariesAsync(stack, run, adversaries, trades)
            : await ThroughputAsync(stack, run, trades, nonceBefore);
    }

    private static async Task<int> AdversariesAsync(FirmStack stack, AdversaryRun run, IReadOnlyList<Adversary> adversaries, int trades)
    {
        var rows = new List<AdversaryRow>();
        foreach (var adversary in adversaries)
            rows.Add(await run.RunAsync(adversary, trades));

        Console.WriteLine();
        Console.WriteLine(
            $"{"adversary", -18} {"acts", 6} {"firm: matched", 14} {"settled", 8} {"failed", 7}   {"soft: matched", 14} {"settled", 8} "
                + $"{"failed", 7}  reasons"
        );
        foreach (var row in rows)
            Console.WriteLine(
                $"{row.Adversary.Name, -18} {row.Acts, 6} {row.FirmMatched, 14} {row.FirmSettled, 8} "
                    + $"{row.FirmMatched - row.FirmSettled, 7}   {row.SoftMatched, 14} {row.SoftSettled, 8} "
                    + $"{row.SoftMatched - row.SoftSettled, 7}  {row.Reasons}"
            );

        var wrong = rows.SelectMany(row => row.Wrong.Select(what => $"{row.Adversary.Name}: {what}")).ToList();
        var broken = rows.Any(row => !row.KeptThePromise) || await IsBrokenAsync(stack, wrong);
        foreach (var what in wrong)
            Console.WriteLine($"WRONG: {what}");
        Console.WriteLine(
            new JsonObject
            {
                ["trades"] = trades,
                ["delay"] = new JsonObject { ["blocks"] = FirmStack.Delay.Blocks, ["seconds"] = FirmStack.Delay.Seconds },
                ["adversaries"] = new JsonArray([.. rows.Select(row => (JsonNode)row.ToJson())]),
                ["firm_failed"] = rows.Sum(row => row.FirmMatched - row.FirmSettled),
                ["correct"] = !broken && wrong.Count == 0,
            }.ToJsonString()
        );
        return broken ? 2
            : wrong.Count > 0 ? 1
            : 0;
    }

    private static async Task<int> ThroughputAsync(FirmStack stack, AdversaryRun run, int trades, long nonceBefore)
    {
        var phases = new List<(string Crowd, MatchKind Kind, PhaseFigures Figures)>();
        for (var turn = 0; turn < Turns; turn++)
        {
            foreach (var (kind, count) in new[] { (MatchKind.Direct, trades), (MatchKind.Mint, trades / 5), (MatchKind.Merge, trades / 5) })
            foreach (var (crowd, flow, market) in new[] { ("firm", run.Firm, stack.Markets.Firm), ("soft", run.Soft, stack.Markets.Soft) })
            {
                await stack.KnowAsync(stack.Markets);
                var figures = await Phase.RunAsync(stack.Stack, $"{crowd} {kind}", () => MatchAllAsync(flow, kind, count, market));
                phases.Add((crowd, kind, figures));
            }
        }

        Console.WriteLine();
        Console.WriteLine($"{"phase", -14} {"trades", 8} {"settled/s", 10} {"gas/match", 10} {"trades/tx", 10} {"failed", 7}");
        foreach (var (crowd, kind, p) in phases.OrderBy(one => one.Kind).ThenBy(one => one.Crowd))
            Console.WriteLine(
                $"{$"{crowd} {kind}".ToLowerInvariant(), -14} {p.Trades, 8} {p.PerSecond, 10:0.0} {p.GasPerMatch, 10:0} "
                    + $"{p.TradesPerBatch, 10:0.0} {p.Failed, 7}"
            );

        var wrong = await SettleFigures.WrongAsync(stack.Stack, nonceBefore);
        var broken = phases.Any(one => one.Crowd == "firm" && one.Figures.Failed > 0) || await IsBrokenAsync(stack, wrong);
        foreach (var what in wrong)
            Console.WriteLine($"WRONG: {what}");
        Console.WriteLine(
            new JsonObject
            {
                ["firm"] = FiguresOf("firm"),
                ["soft"] = FiguresOf("soft"),
                ["correct"] = !broken && wrong.Count == 0,
            }.ToJsonString()
        );
        return broken ? 2
            : wrong.Count > 0 ? 1
            : 0;

        // Medians of the turns.
        JsonObject FiguresOf(string crowd) =>
            new()
            {
                ["settled_per_s"] = SettleVerb.Round(MedianOf(crowd, MatchKind.Direct, p => p.PerSecond)),
                ["gas_per_match"] = new JsonObject
                {
                    ["direct"] = SettleVerb.Round(MedianOf(crowd, MatchKind.Direct, p => p.GasPerMatch)),
                    ["mint"] = SettleVerb.Round(MedianOf(crowd, MatchKind.Mint, p => p.GasPerMatch)),
                    ["merge"] = SettleVerb.Round(MedianOf(crowd, MatchKind.Merge, p => p.GasPerMatch)),
                },
            };

        double MedianOf(string crowd, MatchKind kind, Func<PhaseFigures, double> figure) =>
            phases.Where(one => one.Crowd == crowd && one.Kind == kind).Select(one => figure(one.Figures)).Order().ElementAt(Turns / 2);
    }

    /// <summary>Of all firm trades of the run: each is final, and on chain once.</summary>
    private static async Task<bool> IsBrokenAsync(FirmStack stack, List<string> wrong)
    {
        var before = wrong.Count;
        var settled = await SettleFigures.ReadSettledAsync(stack.Stack, wrong);
        await using var command = stack.Stack.Database.CreateCommand("SELECT trade_id, settlement FROM trades WHERE firm");
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            var (trade, state) = (reader.GetInt64(0), reader.GetString(1));
            if (state != "final" || !settled.Contains(trade))
                wrong.Add($"firm trade {trade} is {state}, and the chain has {(settled.Contains(trade) ? "" : "not ")}settled it");
        }

        return wrong.Count > before;
    }

    private static async Task MatchAllAsync(TradeFlow flow, MatchKind kind, int trades, DeployedMarket market)
    {
        const int AtOnce = 50;
        for (var left = trades; left > 0; )
        {
            var now = Math.Min(left, AtOnce);
            if (await flow.MatchAsync(kind, now, [market]))
                left -= now;
            else
                // Settlement has enough to do; what it has settled makes room.
                await Task.Delay(TimeSpan.FromMilliseconds(200));
        }
    }
}
