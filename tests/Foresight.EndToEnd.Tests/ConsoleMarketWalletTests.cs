using System.Globalization;
using System.Text.RegularExpressions;
using Aspire.Hosting.Testing;
using Foresight.Chain;
using Foresight.EndToEnd.Tests.Stack;
using Foresight.Protocol;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Foresight.EndToEnd.Tests;

/// <summary>The stack has one admin key, so the same person approves; that it takes two where there are two is tested at the Api.</summary>
[Collection(StackCollection.Name)]
[Trait("Category", "Console")]
public sealed partial class ConsoleMarketWalletTests(StackFixture stack) : IAsyncLifetime
{
    /// <summary>A few blocks until it is confirmed, and settlement's start with the new market.</summary>
    private const float ConfirmedMs = 60_000;

    private ConsoleBrowser _browser = null!;

    public async Task InitializeAsync() => _browser = await ConsoleBrowser.StartAsync(stack.App.GetEndpoint("console"));

    public async Task DisposeAsync() => await _browser.DisposeAsync();

    [Fact]
    public async Task AMarket_IsCreatedAndResolved_ByTheWalletInTheBrowser()
    {
        await stack.WaitUntilTradingAsync();
        var wallet = new StandInWallet(stack.Chain, stack.Venue.ChainId);
        var factory = Address.Parse(stack.Venue.Factory);
        var question = $"Is {Guid.NewGuid():N} here?";
        var page = await _browser.SignInAsync("Ada", stack.AdminKey);
        await wallet.EnterAsync(page);
        var errors = new List<string>();
        page.Console += (_, message) =>
        {
            if (message.Type == "error")
                errors.Add(message.Text);
        };

        await page.GotoAsync("/markets/new");
        await Expect(page.GetByText("live", new() { Exact = true })).ToBeVisibleAsync(new() { Timeout = ConfirmedMs });
        await page.GetByTestId("new-question").FillAsync(question);
        await page.GetByTestId("new-outcomes").FillAsync("Red\nGreen\nBlue");
        await page.GetByLabel("Tick").SelectOptionAsync("0.01");
        await page.GetByTestId("new-note").FillAsync("Asked for.");
        await page.GetByTestId("new-propose").ClickAsync();
        var card = page.GetByTestId("proposal").Filter(new() { HasText = question });
        await Expect(card.GetByTestId("proposal-call")).ToContainTextAsync(Keccak256.HashText(question).ToString());

        wallet.OtherChainId = 1;
        await ConfirmAsync(card, await WordAsync(card), "Approve, then sign in the wallet", "Agreed.");
        await Expect(card.GetByRole(AriaRole.Alert)).ToContainTextAsync($"on chain 1, the exchange on chain {stack.Venue.ChainId}");
        wallet.OtherChainId = null;
        await ConfirmAsync(card, await WordAsync(card), "Sign in the wallet");
        await Expect(card.GetByRole(AriaRole.Alert)).ToContainTextAsync("does not have the admin role");
        await wallet.GrantAsync(factory, Hash32.Zero);
        wallet.Rejects = true;
        await ConfirmAsync(card, await WordAsync(card), "Sign in the wallet");
        await Expect(card.GetByRole(AriaRole.Alert)).ToContainTextAsync("rejected in the wallet");
        wallet.Rejects = false;
        await ConfirmAsync(card, await WordAsync(card), "Sign in the wallet");
        var link = page.GetByTestId("ended-proposals").GetByRole(AriaRole.Link, new() { Name = question });
        await link.WaitForAsync(new() { Timeout = ConfirmedMs });
        await link.ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = question }).WaitForAsync();
        var id = int.Parse(MarketId().Match(page.Url).Groups[1].Value, CultureInfo.InvariantCulture);

        await page.GetByTestId("act-note").FillAsync("The event has begun.");
        await page.GetByTestId("act-close").ClickAsync();
        await page.GetByTestId("act-word").FillAsync($"close {id}");
        await page.GetByTestId("act-confirm").ClickAsync();
        await Expect(page.Locator(".page-head").GetByText(MarketStates.Closed, new() { Exact = true })).ToBeVisibleAsync();

        await wallet.GrantAsync(factory, Keccak256.HashText("RESOLVER"));
        var end = page.GetByTestId("market-end");
        await end.GetByLabel("What has come true").SelectOptionAsync("1");
        await end.GetByTestId("end-note").FillAsync("It is green.");
        await end.GetByTestId("end-propose").ClickAsync();
        await ConfirmAsync(end, $"resolve {id}", "Approve, then sign in the wallet", "I saw it.");
        await Expect(end).ToContainTextAsync("Resolved: Green has won", new() { Timeout = ConfirmedMs });
        await Expect(end.GetByTestId("last-proposal")).ToContainTextAsync("done", new() { Timeout = ConfirmedMs });
        await Eventually.TrueAsync(
            "the Api shows the resolution",
            Eventually.Patience,
            async () =>
                await stack.Api.GetAsync<MarketView>($"markets/{id}", CancellationToken.None)
                    is { State: MarketStates.Resolved, ResolvedOutcome: 1, TickSize: "0.01" }
        );
        Assert.Empty(errors);
        await stack.AssertJournalIsSoundAsync();
    }

    private static async Task<string> WordAsync(ILocator card) => (await card.GetByText(Word()).Locator("b").TextContentAsync())!;

    private static async Task ConfirmAsync(ILocator card, string word, string button, string? note = null)
    {
        await card.GetByTestId("proposal-word").FillAsync(word);
        if (note is not null)
            await card.GetByTestId("proposal-note").FillAsync(note);
        await card.GetByRole(AriaRole.Button, new() { Name = button, Exact = true }).ClickAsync();
    }

    [GeneratedRegex("Confirm: type")]
    private static partial Regex Word();

    [GeneratedRegex(@"/markets/(\d+)")]
    private static partial Regex MarketId();
}
