using System.Text.RegularExpressions;
using Aspire.Hosting.Testing;
using Foresight.Client;
using Foresight.EndToEnd.Tests.Stack;
using Foresight.Matching.Engine;
using Foresight.Simulator.Traders;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Foresight.EndToEnd.Tests;

/// <summary>By the keyboard alone, in a browser, because dialogs, shortcuts and copying are its own script's.</summary>
[Collection(StackCollection.Name)]
public sealed class ConsoleLookupTests(StackFixture stack) : IAsyncLifetime
{
    private ConsoleBrowser _browser = null!;

    public async Task InitializeAsync() => _browser = await ConsoleBrowser.StartAsync(stack.App.GetEndpoint("console"));

    public async Task DisposeAsync() => await _browser.DisposeAsync();

    [Fact]
    public async Task WhyAnOrderWasNotSettled_IsFoundByTheKeyboard()
    {
        await stack.WaitUntilTradingAsync();
        var order = await PlaceAsync();
        var page = await SignInAsync();
        await ConsoleBrowser.MarkAsync(page);

        // Its beginning is enough, and what is sent before the answer waits for it.
        await page.Keyboard.PressAsync("Control+k");
        await Expect(page.Locator("dialog#lookup")).ToBeVisibleAsync();
        await page.Keyboard.TypeAsync(order[..14]);
        await page.Keyboard.PressAsync("Enter");
        await Expect(page).ToHaveURLAsync(new Regex($"/orders/{order}$"));
        await Expect(page.Locator("dialog#lookup")).Not.ToBeVisibleAsync();
        await Expect(page.GetByTestId("life")).ToContainTextAsync("sequenced");
        await Expect(page.GetByTestId("life")).ToContainTextAsync("committed");

        await page.GetByRole(AriaRole.Button, new() { Name = "Copy 0x" }).First.FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("#copied")).ToHaveTextAsync($"Copied {order[..8]}…{order[^4..]}");
        Assert.True(await ConsoleBrowser.IsStillTheSameAsync(page));
    }

    [Fact]
    public async Task Keys_LeadToPages_AndNotWhileOneTypes()
    {
        var page = await SignInAsync();
        await page.Keyboard.PressAsync("?");
        var help = page.Locator("dialog#shortcuts");
        await Expect(help).ToBeVisibleAsync();
        await page.Keyboard.PressAsync("Escape");
        await Expect(help).Not.ToBeVisibleAsync();

        await GoAsync("t");
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Trades", Level = 1 })).ToBeVisibleAsync();

        await page.Keyboard.PressAsync("/");
        await page.Keyboard.TypeAsync("gm?");
        await Expect(page.Locator("dialog#lookup input")).ToHaveValueAsync("gm?");
        await Expect(help).Not.ToBeVisibleAsync();
        await page.Keyboard.PressAsync("Escape");
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Trades", Level = 1 })).ToBeVisibleAsync();

        // Dictation into the browser presses single keys, so they can be turned off.
        await page.Keyboard.PressAsync("?");
        await help.GetByRole(AriaRole.Checkbox).UncheckAsync();
        await page.Keyboard.PressAsync("Escape");
        await GoAsync("o");
        await page.Keyboard.PressAsync("?");
        await Expect(help).Not.ToBeVisibleAsync();
        await page.Keyboard.PressAsync("Control+k");
        await Expect(page.Locator("dialog#lookup")).ToBeVisibleAsync();
        await Expect(page).ToHaveURLAsync(new Regex("/trades$"));

        async Task GoAsync(string key)
        {
            await page.Keyboard.PressAsync("g");
            await page.Keyboard.PressAsync(key);
        }
    }

    [Fact]
    public async Task LocalTimes_AreThoseOfTheBrowser_AndNamed()
    {
        var page = await SignInAsync("Asia/Kolkata");
        await Expect(page.Locator("[data-sign]")).ToContainTextAsync(" UTC");
        await page.GetByRole(AriaRole.Link, new() { Name = "Times are UTC; change to local times" }).ClickAsync();
        await Expect(page.Locator("[data-sign]")).ToContainTextAsync(" UTC+5:30");
        var plot = page.GetByRole(AriaRole.Slider).First;
        // The first sample of the history is written within ten seconds of the start.
        await Expect(plot).ToBeVisibleAsync(new() { Timeout = 30_000 });
        await plot.FocusAsync();
        await Expect(plot.Locator(".history-readout")).ToContainTextAsync(" UTC+5:30 · ");
        await page.GetByRole(AriaRole.Link, new() { Name = "Times are local; change to UTC" }).ClickAsync();
        await Expect(page.Locator("[data-sign]")).Not.ToContainTextAsync("+");
    }

    /// <summary>Until the page is live, its circuit replaces what the server drew, dialogs included.</summary>
    private async Task<IPage> SignInAsync(string? zone = null)
    {
        var page = await _browser.SignInAsync("Ada", stack.AdminKey, zone: zone);
        await Expect(page.GetByTestId("leader")).ToBeVisibleAsync();
        return page;
    }

    private async Task<string> PlaceAsync()
    {
        // Far from the other side, so that it stays open.
        var market = stack.Markets[1];
        var intent = new OrderIntent(market, 0, Side.Buy, new Price(3 * market.TickSize), new Quantity(100));
        var placement = stack.Signer.Sign(stack.Traders[0], intent);
        var placed = Assert.IsType<PlaceOutcome.Acknowledged>(await stack.Api.PlaceAsync(placement, CancellationToken.None));
        return placed.OrderId;
    }
}
