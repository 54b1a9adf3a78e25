using System.Text.Json;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Foresight.EndToEnd.Tests.Stack;
using Foresight.Matching.Engine;
using Foresight.Protocol;
using Foresight.Simulator.Traders;
using Microsoft.Playwright;
using Npgsql;
using Xunit.Abstractions;

namespace Foresight.EndToEnd.Tests;

/// <summary>
/// Measured from the change of the row by the database's clock, which is this machine's, so that both ends of a delay have one clock. The
/// bound is judged on request only, on a machine that does nothing else.
/// </summary>
[Collection(StackCollection.Name)]
public sealed class SettlementVisibilityTests(StackFixture stack, ITestOutputHelper output)
{
    private static readonly string[] Order = ["matched", "batched", "broadcast", "mined", "final"];

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan TradePause = TimeSpan.FromMilliseconds(450);
    private static readonly TimeSpan PollPause = TimeSpan.FromMilliseconds(25);

    private const string Watch = """
        () => {
          window.seen = [];
          const last = {};
          setInterval(() => {
            for (const row of document.querySelectorAll("[data-testid=trades] tbody tr")) {
              const trade = row.querySelector("td [title]").title, state = row.querySelector(".pill").textContent.trim();
              if (last[trade] !== state) { last[trade] = state; window.seen.push([trade, state, Date.now()]); }
            }
          }, 10);
        }
        """;

    [Fact]
    public Task EachChange_IsSeenAtTheHub_ByTheApi_AndInTheConsole() => MeasureAsync(trades: 12);

    [Fact]
    [Trait("Category", "Soak")]
    public async Task EachChange_IsSeenAtTheHub_ByTheApi_AndInTheConsole_WithinASecond()
    {
        foreach (var f in await MeasureAsync(trades: 60))
            Assert.True(f.At(0.95) <= Bound, $"{f.Where}: p95 is {f.At(0.95).TotalSeconds:0.00} s");
    }

    private async Task<IReadOnlyList<Figure>> MeasureAsync(int trades)
    {
        await stack.WaitUntilTradingAsync();
        var market = stack.Markets[2];
        await using var log = await ChangeLog.OpenAsync((await stack.App.GetConnectionStringAsync("foresight"))!, market.Id);
        await using var hub1 = await SubscribeAsync(market.Id, 1);
        await using var hub2 = await SubscribeAsync(market.Id, 2);
        await using var browser = await ConsoleBrowser.StartAsync(stack.App.GetEndpoint("console"));
        var page = await browser.SignInAsync("Ada", stack.AdminKey);
        await page.GotoAsync($"/trades?market={market.Id}");
        await page.GetByRole(AriaRole.Heading, new() { Name = "Trades" }).First.WaitForAsync();
        await page.EvaluateAsync(Watch);

        // The page's first rows are rendered by code that is compiled while they wait, which is no part of a live page's delay.
        var first = await TradeAsync(market);
        await Eventually.TrueAsync(
            "the console shows its first trade",
            Deadline,
            async () => (await ShownAsync(page)).Any(s => s.Trade == first && s.State == "final")
        );

        var polls = new List<Task<IReadOnlyList<Sight>>>();
        using var pace = new PeriodicTimer(TradePause);
        for (var i = 0; i < trades; i++)
        {
            polls.Add(PollAsync(await TradeAsync(market)));
            await pace.WaitForNextTickAsync();
        }

        IReadOnlyList<Sight> polled = [.. (await Task.WhenAll(polls)).SelectMany(p => p)];
        var ids = polled.Select(p => p.Trade).ToHashSet();
        await Eventually.TrueAsync(
            "the hub and the console have all of them",
            Deadline,
            async () => Final(Heard(hub1)) && Final(Heard(hub2)) && Final(await ShownAsync(page))
        );
        var changes = (await log.ReadAsync()).Where(c => ids.Contains(c.Trade)).ToList();
        Assert.Equal(trades * 4, changes.Count);

        var figures = new[]
        {
            new Figure("hub of node 1", LateBy(changes, Heard(hub1))),
            new Figure("hub of node 2", LateBy(changes, Heard(hub2))),
            new Figure("GET /trades/{id}", LateBy(changes, polled)),
            new Figure("console, list of trades", LateBy(changes, await ShownAsync(page))),
        };
        foreach (var f in figures)
            output.WriteLine(f.ToString());
        // A client must not have to guess a state that it missed, so the hub delivers each change.
        foreach (var client in new[] { hub1, hub2 })
            Assert.All(ids, id => Assert.Equal(Order[1..], Heard(client).Where(s => s.Trade == id).Select(s => s.State)));
        return figures;

        bool Final(IReadOnlyList<Sight> sights) => ids.All(id => sights.Any(s => s.Trade == id && s.State == "final"));
    }

    private Task<long> TradeAsync(TradedMarket market) =>
        stack.TradeAsync(market, stack.Traders[0], stack.Traders[1], new Price(43 * market.TickSize), lots: 200);

    private static IReadOnlyList<TimeSpan> LateBy(IReadOnlyList<Sight> changes, IReadOnlyList<Sight> sights)
    {
        var byTrade = sights.ToLookup(s => s.Trade);
        return [.. changes.Select(c => byTrade[c.Trade].Where(s => Rank(s) >= Rank(c)).Min(s => s.At) - c.At).Order()];

        static int Rank(Sight sight) => Array.IndexOf(Order, sight.State);
    }

    private static IReadOnlyList<Sight> Heard(NodeScript client)
    {
        var heard = new List<Sight>();
        foreach (var line in client.Lines.Where(line => NodeScript.IsKind(line, "trade_state")))
        {
            var at = TimeOf(line.GetProperty("at"));
            foreach (var trade in line.GetProperty("raw").GetProperty("trades").EnumerateArray())
                heard.Add(new Sight(trade.GetProperty("tradeId").GetInt64(), trade.GetProperty("settlement").GetString()!, at));
        }

        return heard;
    }

    private static async Task<IReadOnlyList<Sight>> ShownAsync(IPage page) =>
        [
            .. (await page.EvaluateAsync<JsonElement>("window.seen"))
                .EnumerateArray()
                .Select(seen => new Sight(long.Parse(seen[0].GetString()!), seen[1].GetString()!, TimeOf(seen[2]))),
        ];

    private static DateTimeOffset TimeOf(JsonElement milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds.GetInt64());

    private async Task<IReadOnlyList<Sight>> PollAsync(long trade)
    {
        var seen = new List<Sight>();
        using var deadline = new CancellationTokenSource(Deadline);
        while (seen.Count == 0 || seen[^1].State != "final")
        {
            var state = (await stack.Api.GetAsync<TradeView>($"trades/{trade}", deadline.Token))!.Settlement;
            if (seen.Count == 0 || seen[^1].State != state)
                seen.Add(new Sight(trade, state, DateTimeOffset.UtcNow));
            await Task.Delay(PollPause, deadline.Token);
        }

        return seen;
    }

    private async Task<NodeScript> SubscribeAsync(int market, int node)
    {
        var script = NodeScript.Start(
            NodeScript.InScripts("market-client.mjs"),
            new Dictionary<string, string>
            {
                ["NPM_FOLDER"] = stack.Npm.Folder,
                ["API_URL"] = stack.ApiUrl(node),
                ["MARKET"] = market.ToString(),
                ["TOPICS"] = "trades",
            }
        );
        await script.WaitForAsync("the subscription", Deadline, line => NodeScript.IsKind(line, "ready"));
        return script;
    }

    private sealed record Sight(long Trade, string State, DateTimeOffset At);

    private sealed record Figure(string Where, IReadOnlyList<TimeSpan> Late)
    {
        public TimeSpan At(double share) => Late[Math.Min(Late.Count - 1, (int)(Late.Count * share))];

        public override string ToString() =>
            $"{Where, -24} changes {Late.Count, 3}   p50 {Ms(0.5), 5:0} ms   p95 {Ms(0.95), 5:0} ms   max {Ms(1), 5:0} ms";

        private double Ms(double share) => At(share).TotalMilliseconds;
    }

    /// <summary>A trigger records every change, because reading the rows could miss a short-lived state.</summary>
    private sealed class ChangeLog(NpgsqlDataSource database) : IAsyncDisposable
    {
        public static async Task<ChangeLog> OpenAsync(string connection, int market)
        {
            var database = NpgsqlDataSource.Create(connection);
            await using var create = database.CreateCommand(
                $"""
                CREATE TABLE test_trade_changes (trade_id bigint, settlement text, at timestamptz);
                CREATE FUNCTION test_trade_changed() RETURNS trigger LANGUAGE plpgsql AS
                    'BEGIN INSERT INTO test_trade_changes VALUES (NEW.trade_id, NEW.settlement, clock_timestamp()); RETURN NULL; END';
                CREATE TRIGGER test_trade_changed AFTER UPDATE ON trades FOR EACH ROW
                    WHEN (NEW.market_id = {market} AND NEW.settlement <> OLD.settlement) EXECUTE FUNCTION test_trade_changed();
                """
            );
            await create.ExecuteNonQueryAsync();
            return new ChangeLog(database);
        }

        public async Task<IReadOnlyList<Sight>> ReadAsync()
        {
            await using var command = database.CreateCommand("SELECT trade_id, settlement, at FROM test_trade_changes ORDER BY at");
            await using var reader = await command.ExecuteReaderAsync();
            var changes = new List<Sight>();
            while (await reader.ReadAsync())
                changes.Add(new Sight(reader.GetInt64(0), reader.GetString(1), reader.GetFieldValue<DateTimeOffset>(2)));
            return changes;
        }

        public async ValueTask DisposeAsync()
        {
            const string Drop =
                "DROP TRIGGER test_trade_changed ON trades; DROP FUNCTION test_trade_changed; DROP TABLE test_trade_changes";
            await using (var drop = database.CreateCommand(Drop))
                await drop.ExecuteNonQueryAsync();
            await database.DisposeAsync();
        }
    }
}
