using System.Text.Json.Nodes;
using Foresight.Matching.Engine;

namespace Foresight.Bench.Settle;

internal sealed record AdversaryRow(Adversary Adversary)
{
    public Dictionary<string, long> Firm { get; } = [];
    public Dictionary<string, long> Soft { get; } = [];

    /// <summary>Soft trades that were not at their end when the firm ones were, and were let go then.</summary>
    public long SoftThatWaited { get; set; }

    public long Acts { get; set; }
    public double Seconds { get; set; }
    public List<string> Wrong { get; } = [];

    public long FirmMatched => Firm.Values.Sum();
    public long FirmSettled => Firm.GetValueOrDefault("final");
    public long SoftMatched => Soft.Values.Sum();
    public long SoftSettled => Soft.GetValueOrDefault("final");
    public bool KeptThePromise => FirmMatched == FirmSettled;

    public string Reasons =>
        string.Join(
            ", ",
            [
                .. Soft.Where(one => one.Key != "final").OrderByDescending(one => one.Value).Select(one => $"{one.Key} {one.Value}"),
                .. SoftThatWaited > 0 ? [$"waited for the end of it {SoftThatWaited}"] : Array.Empty<string>(),
            ]
        );

    public JsonObject ToJson() =>
        new()
        {
            ["name"] = Adversary.Name,
            ["acts"] = Acts,
            ["firm"] = Json(Firm),
            ["soft"] = Json(Soft),
            ["soft_waited"] = SoftThatWaited,
            ["seconds"] = Math.Round(Seconds),
            ["wrong"] = new JsonArray([.. Wrong.Select(what => (JsonNode)what)]),
        };

    private static JsonObject Json(Dictionary<string, long> outcomes)
    {
        var (matched, settled) = (outcomes.Values.Sum(), outcomes.GetValueOrDefault("final"));
        var failed = outcomes.Where(one => one.Key != "final").Select(one => KeyValuePair.Create(one.Key, (JsonNode?)one.Value));
        return new JsonObject
        {
            ["matched"] = matched,
            ["settled"] = settled,
            ["failed"] = matched - settled,
            ["reasons"] = new JsonObject(failed),
        };
    }
}

/// <summary>Rounds of one adversary, until as many firm trades were matched under it as are asked for.</summary>
internal sealed class AdversaryRun(FirmStack stack)
{
    /// <summary>Of each crowd: they are all in flight then.</summary>
    private const int MostInARound = 1_000;

    private const int MostRounds = 20;

    public TradeFlow Firm { get; } = new(stack.Stack, stack.Firm, PurseChoice.Vault);
    public TradeFlow Soft { get; } = new(stack.Stack, stack.Soft, PurseChoice.Wallet);

    public async Task<AdversaryRow> RunAsync(Adversary adversary, int trades)
    {
        var row = new AdversaryRow(adversary);
        var started = TimeProvider.System.GetTimestamp();
        Console.WriteLine($"{adversary.Name} …");
        var share = (trades + adversary.Rounds - 1) / adversary.Rounds;
        for (var number = 0; row.FirmMatched < trades || number < adversary.Rounds; number++)
        {
            if (number == MostRounds || number > 0 && adversary.EndsItsMarkets)
            {
                row.Wrong.Add($"only {row.FirmMatched} of {trades} firm trades were matched: settlement had enough to do");
                break;
            }

            var left = Math.Max(trades - row.FirmMatched, 1);
            await RoundAsync(row, number, (int)Math.Min(MostInARound, Math.Min(share, left)));
            Console.WriteLine(
                $"  {row.FirmMatched} firm trades, {row.FirmSettled} settled; {row.SoftMatched} soft trades, {row.SoftSettled} settled"
            );
        }

        row.Seconds = TimeProvider.System.GetElapsedTime(started).TotalSeconds;
        return row;
    }

    private async Task RoundAsync(AdversaryRow row, int number, int trades)
    {
        var adversary = row.Adversary;
        var markets = adversary.EndsItsMarkets ? stack.Decided : stack.Markets;
        await stack.KnowAsync(markets);
        var (firm, soft) = (Firm, Soft);
        if (adversary.OfContractWallets)
        {
            await stack.Wallets!.KnowAsync();
            (firm, soft) = (stack.Wallets.FirmFlow, stack.Wallets.SoftFlow);
        }

        var round = new Round(stack, firm, soft, markets);
        await adversary.CourseAsync(adversary, round, number, trades);
        await round.FirmSettledAsync();
        if (adversary.HoldsSoftTrades)
            await adversary.UndoAsync(round);
        await round.SoftSettledAsync();
        await round.CheckActsAsync();
        if (!adversary.HoldsSoftTrades)
            await adversary.UndoAsync(round);

        foreach (var (outcomes, isFirm) in new[] { (row.Firm, true), (row.Soft, false) })
        foreach (var (outcome, count) in await round.OutcomesAsync(isFirm))
            outcomes[outcome] = outcomes.GetValueOrDefault(outcome) + count;
        row.Acts += round.Acts.Count;
        row.Wrong.AddRange(round.Wrong);
        if (adversary.HoldsSoftTrades)
            row.SoftThatWaited += round.SoftThatWaited;
    }
}
