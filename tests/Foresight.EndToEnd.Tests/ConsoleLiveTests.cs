using System.Diagnostics;
using System.Globalization;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Foresight.EndToEnd.Tests.Stack;
using Foresight.Matching.Engine;
using Foresight.Simulator.Traders;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Foresight.EndToEnd.Tests;

[Collection(StackCollection.Name)]
public sealed class ConsoleLiveTests(StackFixture stack) : IAsyncLifetime
{
    private static readonly TimeSpan StartDeadline = TimeSpan.FromSeconds(40);

    private const float LeaderChangeMs = 2_000;

    private ConsoleBrowser _browser = null!;

    public async Task InitializeAsync() => _browser = await ConsoleBrowser.StartAsync(stack.App.GetEndpoint("console"));

    public async Task DisposeAsync() => await _browser.DisposeAsync();

    [Fact]
    public async Task Overview_ShowsTheLeader_AndTheNextOneWithinTwoSeconds()
    {
        await stack.WaitUntilTradingAsync();
        var before = await stack.LeaderAsync();
        var page = await _browser.SignInAsync("Ada", stack.AdminKey);
        await Expect(page.GetByTestId("leader")).ToHaveTextAsync(before.NodeId);
        await Expect(page.GetByTestId("epoch")).ToHaveTextAsync(Number(before.Epoch));
        await ConsoleBrowser.MarkAsync(page);

        using var process = Process.GetProcessById(before.ProcessId);
        NodeProcess.AskToEnd(before.ProcessId);
        var after = await Eventually.GetAsync(
            "the next leader",
            StartDeadline,
            async () => await stack.LeaderAsync() is { } leader && leader.Epoch > before.Epoch ? leader : null
        );
        await Expect(page.GetByTestId("leader")).ToHaveTextAsync(after.NodeId, new() { Timeout = LeaderChangeMs });
        await Expect(page.GetByTestId("epoch")).ToHaveTextAsync(Number(after.Epoch), new() { Timeout = LeaderChangeMs });
        Assert.True(await ConsoleBrowser.IsStillTheSameAsync(page));

        await process.WaitForExitAsync();
        await stack.BringBackAsync(before.NodeId);
    }

    [Fact]
    public async Task MarketPage_FollowsBookAndTradesWithoutReload()
    {
        await stack.WaitUntilTradingAsync();
        // No test leaves an order in this market.
        var market = stack.Markets[2];
        var page = await _browser.SignInAsync("Ada", stack.AdminKey);
        await page.GotoAsync($"/markets/{market.Id}");
        await Expect(page.GetByTestId("book-sequence")).ToBeVisibleAsync();
        await ConsoleBrowser.MarkAsync(page);

        // A price that no other order in this market uses, so that its level holds this order alone.
        var price = new Price(77 * market.TickSize);
        var shown = (price.Ticks / 10_000m).ToString("0.00##", CultureInfo.InvariantCulture);
        await PlaceAsync(stack.Traders[0], Side.Sell, price, lots: 321);
        var row = page.GetByTestId("ladder").GetByRole(AriaRole.Row).Filter(new() { HasText = shown });
        await Expect(row).ToContainTextAsync("3.21");

        await PlaceAsync(stack.Traders[1], Side.Buy, price, lots: 321);
        await Expect(row).ToHaveCountAsync(0);
        var trade = page.GetByTestId("tape").GetByRole(AriaRole.Row).Filter(new() { HasText = "3.21" });
        await Expect(trade).ToContainTextAsync(shown);
        await Expect(trade).ToContainTextAsync("final", new() { Timeout = 30_000 });
        Assert.True(await ConsoleBrowser.IsStillTheSameAsync(page));

        async Task PlaceAsync(Trader trader, Side side, Price at, long lots)
        {
            var placement = stack.Signer.Sign(trader, new OrderIntent(market, 0, side, at, new Quantity(lots)));
            Assert.IsType<PlaceOutcome.Acknowledged>(await stack.Api.PlaceAsync(placement, CancellationToken.None));
        }
    }

    [Fact]
    public async Task WithoutAnApiNode_EveryTileSaysSinceWhenItIsStale_AndKeepsWhatItShowed()
    {
        await stack.WaitUntilTradingAsync();
        var page = await _browser.SignInAsync("Ada", stack.AdminKey);
        var leader = await page.GetByTestId("leader").TextContentAsync();
        await Expect(page.Locator(".tile table[aria-label='Nodes'] tbody tr").First).ToBeVisibleAsync();
        await ConsoleBrowser.MarkAsync(page);

        await stack.App.StopServerAsync("api-1");
        // One Api node is enough for live data.
        await Expect(page.GetByText("live", new() { Exact = true })).ToBeVisibleAsync();
        await stack.App.StopServerAsync("api-2");
        try
        {
            var tiles = await page.Locator(".tile").CountAsync();
            Assert.True(tiles >= 6, $"{tiles} tiles");
            await Expect(page.Locator(".tile").Filter(new() { HasText = "stale since" })).ToHaveCountAsync(tiles);
            await Expect(page.GetByTestId("leader")).ToHaveTextAsync(leader!);
            Assert.NotEqual(0, await page.Locator(".tile table[aria-label='Nodes'] tbody tr").CountAsync());
        }
        finally
        {
            await stack.App.StartServerAsync("api-1");
            await stack.App.StartServerAsync("api-2");
        }

        await Expect(page.GetByText("live", new() { Exact = true })).ToBeVisibleAsync();
        await Expect(page.Locator(".tile").Filter(new() { HasText = "stale since" })).ToHaveCountAsync(0);
        Assert.True(await ConsoleBrowser.IsStillTheSameAsync(page));
    }

    private static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
