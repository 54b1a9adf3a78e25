using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Foresight.Client;
using Foresight.EndToEnd.Tests.Stack;
using Foresight.Matching.Engine;
using Foresight.Protocol;
using Foresight.Simulator.Traders;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Foresight.EndToEnd.Tests;

[Collection(StackCollection.Name)]
public sealed class ConsoleLiveTests(StackFixture stack) : IAsyncLifetime
{
    private static readonly TimeSpan StartDeadline = TimeSpan.FromSeconds(40);

    /// <summary>The history is read every ten seconds, so its tile is the last to show that no Api node answers.</summary>
    private const float HistoryReadMs = 20_000;

    private const float LeaderChangeMs = 2_000;

    private const float LongestSilenceMs = 5_000;

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
        // The book must be empty, and no test leaves an order in this market.
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
        // One Api node is enough for live data, so the loss of the other must not show.
        await Expect(page.GetByText("live", new() { Exact = true })).ToBeVisibleAsync();
        await stack.App.StopServerAsync("api-2");
        try
        {
            var tiles = await page.Locator(".tile").CountAsync();
            Assert.True(tiles >= 6, $"{tiles} tiles");
            await Expect(page.Locator(".tile").Filter(new() { HasText = "stale since" }))
                .ToHaveCountAsync(tiles, new() { Timeout = HistoryReadMs });
            await Expect(page.GetByTestId("leader")).ToHaveTextAsync(leader!);
            Assert.NotEqual(0, await page.Locator(".tile table[aria-label='Nodes'] tbody tr").CountAsync());
        }
        finally
        {
            await stack.App.StartServerAsync("api-1");
            await stack.App.StartServerAsync("api-2");
        }

        await Expect(page.GetByText("live", new() { Exact = true })).ToBeVisibleAsync();
        await Expect(page.Locator(".tile").Filter(new() { HasText = "stale since" }))
            .ToHaveCountAsync(0, new() { Timeout = HistoryReadMs });
        Assert.True(await ConsoleBrowser.IsStillTheSameAsync(page));
    }

    /// <summary>Not the leader, whose successor removes it from the registry: a follower is missed by its silence alone.</summary>
    [Fact]
    public async Task KilledNode_IsNamedOnEveryPageWithinFiveSeconds_UntilItIsBack()
    {
        await stack.WaitUntilTradingAsync();
        var leader = await stack.LeaderAsync();
        var page = await _browser.SignInAsync("Ada", stack.AdminKey);
        await page.GotoAsync("/trades");
        await Expect(page.GetByText("live", new() { Exact = true })).ToBeVisibleAsync();
        await Expect(page.Locator("[data-problem='node:matching']")).ToHaveCountAsync(0);
        var follower = (await stack.GetAsAdminAsync<List<NodeRecord>>("cluster/nodes")).First(node =>
            node.Kind == "matching" && node.NodeId != leader.NodeId
        );

        NodeProcess.KillNow(follower.ProcessId);
        await Expect(page.Locator("[data-problem='node:matching']"))
            .ToContainTextAsync(follower.NodeId, new() { Timeout = LongestSilenceMs });

        await stack.BringBackAsync(follower.NodeId);
        // The new process is announced some time after its start, which a loaded machine delays.
        await Expect(page.Locator("[data-problem='node:matching']"))
            .ToHaveCountAsync(0, new() { Timeout = (float)StartDeadline.TotalMilliseconds });
    }

    [Fact]
    public async Task Chart_ReadsItsValues_ByKeysAndByPointer()
    {
        await stack.WaitUntilTradingAsync();
        var page = await _browser.SignInAsync("Ada", stack.AdminKey);
        var plot = page.GetByRole(AriaRole.Slider, new() { Name = "Throughput over the last hour; the arrow keys read single values" });
        // The first sample is written within ten seconds of the start.
        await Expect(plot).ToBeVisibleAsync(new() { Timeout = 30_000 });
        var last = int.Parse((await plot.GetAttributeAsync("aria-valuemax"))!, CultureInfo.InvariantCulture);

        await plot.FocusAsync();
        await page.Keyboard.PressAsync("ArrowLeft");
        await page.Keyboard.PressAsync("ArrowLeft");
        await Expect(plot).ToHaveAttributeAsync("aria-valuenow", $"{last - 2}");
        await page.Keyboard.PressAsync("Home");
        await Expect(plot).ToHaveAttributeAsync("aria-valuenow", "0");
        var readout = plot.Locator(".history-readout");
        await Expect(readout).ToHaveTextAsync(new Regex(@"\d\d:\d\d:\d\d UTC · orders not read · trades not read"));
        await page.Keyboard.PressAsync("Escape");
        await Expect(readout).ToBeHiddenAsync();

        // A chart that has the focus keeps its values shown when the pointer leaves.
        await plot.BlurAsync();
        var box = (await plot.BoundingBoxAsync())!;
        await page.Mouse.MoveAsync(box.X + box.Width - 1, box.Y + box.Height / 2);
        await Expect(readout).ToBeVisibleAsync();
        // A step may be narrower than a pixel, so the last pixel need not be the last step.
        await Expect(plot).ToHaveAttributeAsync("aria-valuenow", new Regex($"^({last}|{last - 1}|{last - 2})$"));
        await page.Mouse.MoveAsync(1, 1);
        await Expect(readout).ToBeHiddenAsync();
    }

    private static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
