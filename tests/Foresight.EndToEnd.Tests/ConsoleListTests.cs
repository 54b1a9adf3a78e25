using System.Diagnostics;
using System.Text.RegularExpressions;
using Aspire.Hosting.Testing;
using Foresight.EndToEnd.Tests.Stack;
using Foresight.Protocol;
using Foresight.Simulator.Flow;
using Foresight.Simulator.Load;
using Microsoft.Playwright;
using Xunit.Abstractions;
using static Microsoft.Playwright.Assertions;

namespace Foresight.EndToEnd.Tests;

[Trait("Category", "Console")]
[Collection(ConsoleCollection.Name)]
public sealed class ConsoleListTests(ConsoleFixture stack, ITestOutputHelper output) : IAsyncLifetime
{
    private const double OrdersPerSecond = 40;
    private const float DecidedMs = 60_000;
    private const string Seeded = "seeded for the list";
    private const string Many = "seeded for a decision about many";

    private static readonly TimeSpan Watched = TimeSpan.FromSeconds(10);

    private ConsoleBrowser _browser = null!;

    public async Task InitializeAsync() => _browser = await ConsoleBrowser.StartAsync(stack.App.GetEndpoint("console"));

    public async Task DisposeAsync() => await _browser.DisposeAsync();

    [Fact]
    public async Task SortAndPage_StayForTenSecondsOfTrading()
    {
        await stack.WaitUntilTradingAsync();
        await stack.DiscrepanciesAsync(60, Seeded);
        var statistics = new LoadStatistics(keepAcknowledgements: true);
        using var stop = new CancellationTokenSource();
        var load = stack.RunLoadAsync(new SteadyFlow(31, OrdersPerSecond, stack.LoadMarkets, stack.Traders), statistics, stop.Token);
        try
        {
            var trades = await _browser.SignInAsync("Ada", stack.AdminKey);
            await trades.GotoAsync("/trades");
            await Expect(Row(trades, "trades")).ToHaveCountAsync(51, new() { Timeout = 60_000 });
            await trades.Locator("[data-list-sort='blockNumber']").ClickAsync();
            await Expect(trades).ToHaveURLAsync(new Regex("sort=-blockNumber"));
            await trades.Locator("a[rel='next']").ClickAsync(new() { Timeout = 60_000 });
            await Expect(trades).ToHaveURLAsync(new Regex("cursor="));

            var discrepancies = await trades.Context.NewPageAsync();
            await discrepancies.GotoAsync("/reconciliation?state=open");
            await discrepancies.Locator("[data-testid='discrepancies'] [data-list-sort='amount']").ClickAsync();
            await Expect(discrepancies).ToHaveURLAsync(new Regex("sort=-amount"));
            await discrepancies.Locator(".pager a[rel='next']").First.ClickAsync();
            await Expect(discrepancies).ToHaveURLAsync(new Regex("page=2"));
            // The largest is 60 USDC, and a page has 25.
            await Expect(Row(discrepancies, "discrepancies").Nth(1)).ToContainTextAsync($"{Seeded} 34");

            var seen = new[] { await SeenAsync(trades, "trades"), await SeenAsync(discrepancies, "discrepancies") };
            var before = statistics.Acknowledgements.Count;
            foreach (var page in new[] { trades, discrepancies })
                await ConsoleBrowser.MarkAsync(page);
            var started = Stopwatch.GetTimestamp();
            await Eventually.TrueAsync(
                "ten seconds of trading",
                Eventually.Patience,
                async () =>
                {
                    Assert.Equal(seen[0], await SeenAsync(trades, "trades"));
                    Assert.Equal(seen[1], await SeenAsync(discrepancies, "discrepancies"));
                    return Stopwatch.GetElapsedTime(started) > Watched
                        && statistics.Acknowledgements.Count - before > OrdersPerSecond * Watched.TotalSeconds / 2;
                }
            );
            Assert.True(await ConsoleBrowser.IsStillTheSameAsync(trades) && await ConsoleBrowser.IsStillTheSameAsync(discrepancies));
        }
        finally
        {
            await stop.CancelAsync();
            await load;
            await stack.RemoveDiscrepanciesAsync(Seeded);
        }
    }

    [Fact]
    public Task FiveHundred_AreDecidedInOneBatch() => DecideFiveHundredAsync();

    /// <summary>Judged on request only, because on a machine that does other work the time is not the product's.</summary>
    [Fact]
    [Trait("Category", "Soak")]
    public async Task FiveHundred_AreDecidedInOneBatch_WithinFiveSeconds() =>
        Assert.InRange(await DecideFiveHundredAsync(), TimeSpan.Zero, TimeSpan.FromSeconds(5));

    /// <returns>From the click to the empty list.</returns>
    private async Task<TimeSpan> DecideFiveHundredAsync()
    {
        const string Note = "The old exporter counted fees twice; all of them are explained.";
        // All are below the limit of four eyes in sum of one: the amounts repeat.
        for (var i = 0; i < 10; i++)
            await stack.DiscrepanciesAsync(50, $"{Many} {i}", firstUsdc: 10, Severities.High);
        try
        {
            var page = await _browser.SignInAsync("Ada", stack.AdaKey);
            await page.GotoAsync("/reconciliation?state=open&severity=high");
            await page.GetByLabel("Rows on a page").SelectOptionAsync("500");
            await Expect(Row(page, "discrepancies")).ToHaveCountAsync(501);
            await page.GetByTestId("select-all").CheckAsync();
            var bulk = page.GetByTestId("bulk");
            await Expect(bulk).ToContainTextAsync("500 selected");
            await bulk.GetByLabel("What to do with them").SelectOptionAsync(DiscrepancyActions.Resolve);
            await bulk.GetByTestId("bulk-note").FillAsync(Note);

            var asked = Stopwatch.GetTimestamp();
            await bulk.GetByTestId("bulk-apply").ClickAsync();
            await Expect(page.GetByTestId("bulk-asks")).ToContainTextAsync("Resolve 500?");
            await page.GetByTestId("bulk-confirm").ClickAsync();
            await Expect(page.Locator(".notice-item")).ToContainTextAsync("500 recorded", new() { Timeout = DecidedMs });
            await Expect(page.GetByText("Nothing with these filters")).ToBeVisibleAsync(new() { Timeout = DecidedMs });
            var took = Stopwatch.GetElapsedTime(asked);
            output.WriteLine($"500 decided in {took.TotalSeconds:0.00} s");
            var batch = Assert.Single(await stack.AuditAsync(Note));
            Assert.Equal(("ada", 500L), (batch.Key, batch.Rows));
            Assert.NotNull(batch.Batch);
            return took;
        }
        finally
        {
            await stack.RemoveDiscrepanciesAsync(Many);
        }
    }

    private static ILocator Row(IPage page, string list) => page.GetByTestId(list).GetByRole(AriaRole.Row);

    /// <summary>Where one is, how it is sorted, and which rows: what an update must not move.</summary>
    private static Task<string> SeenAsync(IPage page, string list) =>
        page.EvaluateAsync<string>(
            """
            list => [location.search, document.querySelector(`[data-testid=${list}] [aria-sort]`)?.ariaSort,
              ...[...document.querySelectorAll(`[data-testid=${list}] tbody tr`)].map(row => row.querySelector("a")?.getAttribute("href"))]
              .join(" ")
            """,
            list
        );
}
