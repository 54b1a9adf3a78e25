using Aspire.Hosting.Testing;
using Foresight.EndToEnd.Tests.Stack;
using Foresight.Matching.Engine;
using Foresight.Protocol;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Foresight.EndToEnd.Tests;

/// <summary>What a new operator is asked to do first: each with fewer than ten clicks, keys and texts, from the overview on.</summary>
[Trait("Category", "Console")]
[Collection(ConsoleCollection.Name)]
public sealed class ConsoleTaskTests(ConsoleFixture stack) : IAsyncLifetime
{
    private const string Reason = "Asked the maker by telephone: a bot of his own filled it.";

    private ConsoleBrowser _browser = null!;

    public async Task InitializeAsync() => _browser = await ConsoleBrowser.StartAsync(stack.App.GetEndpoint("console"));

    public async Task DisposeAsync() => await _browser.DisposeAsync();

    [Fact]
    public async Task WhyAnOrderWasNotSettled()
    {
        await stack.WaitUntilTradingAsync();
        var (buyer, market) = (stack.Traders[7], stack.Markets[2]);
        var (order, _) = await stack.FailedTradeAsync(market, buyer, stack.Traders[0], new Price(33 * market.TickSize));
        var ada = await SignInAsync("Ada", stack.AdaKey);

        await ada.PressAsync("Control+k");
        await Expect(ada.Page.Locator("dialog#lookup")).ToBeVisibleAsync();
        await ada.TypeAsync(order);
        await ada.PressAsync("Enter");
        var failed = ada.Page.GetByTestId("life").Locator(".life-stage").Filter(new() { HasText = TradeStates.Failed });
        await Expect(failed).ToContainTextAsync("insufficient collateral by");
        await Expect(failed.GetByTitle(buyer.Address.ToString())).ToBeVisibleAsync();

        Assert.InRange(ada.Actions, 1, 9);
    }

    [Fact]
    public async Task ADiscrepancy_ThroughFourEyes()
    {
        await stack.DiscrepanciesAsync(1, "over the limit", ConsoleFixture.FourEyesOverUsdc + 1, Severities.High);
        try
        {
            var ada = await SignInAsync("Ada", stack.AdaKey);
            await DecideAsync(ada);
            await Expect(ada.Page.GetByText("It is done when somebody with another key decides the same")).ToBeVisibleAsync();

            // The same key is not a second person, whatever name it gives.
            var impostor = await SignInAsync("Grace", stack.AdaKey);
            await DecideAsync(impostor);
            await Expect(impostor.Page.GetByRole(AriaRole.Alert)).ToContainTextAsync("The key ada has decided this already");

            var grace = await SignInAsync("Grace", stack.GraceKey);
            await DecideAsync(grace);
            var state = grace.Page.Locator(".page-head").GetByText("resolved", new() { Exact = true });
            await Expect(state).ToBeVisibleAsync();
            await Expect(ada.Page.Locator(".page-head").GetByText("resolved", new() { Exact = true })).ToBeVisibleAsync();
            await Expect(grace.Page.Locator(".trail")).ToContainTextAsync("Ada");
            await Expect(grace.Page.Locator(".trail")).ToContainTextAsync("Grace");

            Assert.InRange(ada.Actions + grace.Actions, 1, 9);
        }
        finally
        {
            await stack.RemoveDiscrepanciesAsync("over the limit");
        }

        async Task DecideAsync(Hand hand)
        {
            await hand.ClickAsync(Link(hand, "Reconciliation"));
            var row = hand.Page.GetByTestId("discrepancies").GetByRole(AriaRole.Row).Filter(new() { HasText = "over the limit" });
            await hand.ClickAsync(row.GetByTestId("discrepancy-link"));
            await hand.FillAsync(hand.Page.GetByTestId("decision-note"), Reason);
            await hand.ClickAsync(hand.Page.GetByTestId("resolve"));
        }
    }

    [Fact]
    public async Task WhyLeadershipMovedLastNight()
    {
        await stack.FailoverOfLastNightAsync();
        var ada = await SignInAsync("Ada", stack.AdaKey);

        await ada.ClickAsync(Link(ada, "Failovers"));
        var row = ada.Page.GetByTestId("failovers").GetByRole(AriaRole.Row).Filter(new() { HasText = ConsoleSeed.LastNightsLeader });
        await ada.ClickAsync(row.GetByRole(AriaRole.Link).First);
        await Expect(ada.Page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToContainTextAsync(ConsoleSeed.LastNightsLeader);
        await Expect(ada.Page.GetByText("The leader before was gone: nothing listened at its address")).ToBeVisibleAsync();
        await Expect(ada.Page.GetByTestId("gap")).ToHaveTextAsync("480 ms");

        Assert.InRange(ada.Actions, 1, 9);
    }

    [Fact]
    public async Task AMarket_IsPaused_AndWhoDidItIsSeen()
    {
        await stack.WaitUntilTradingAsync();
        // No test trades in it.
        var market = stack.Markets[1];
        var note = $"The question of market {market.Id} is ambiguous.";
        var ada = await SignInAsync("Ada", stack.AdaKey);

        await ada.ClickAsync(Link(ada, "Markets"));
        await ada.ClickAsync(ada.Page.Locator($"main a[href='/markets/{market.Id}']").First);
        await ada.FillAsync(ada.Page.GetByTestId("act-note"), note);
        await ada.ClickAsync(ada.Page.GetByTestId("act-pause"));
        await Expect(ada.Page.Locator(".page-head").GetByText("paused", new() { Exact = true })).ToBeVisibleAsync();
        Assert.InRange(ada.Actions, 1, 9);
        var answer = await stack.SendOnceAsync(
            stack.Traders[0],
            new(market, 0, Side.Buy, new Price(market.TickSize), new Quantity(200), TimeInForce.ImmediateOrCancel)
        );
        Assert.Equal(ProblemCodes.MarketPaused, answer.Code);

        // Another operator, later: who decided what today.
        var grace = await SignInAsync("Grace", stack.GraceKey);
        await grace.ClickAsync(Link(grace, "Decisions"));
        var row = grace.Page.GetByTestId("decisions").GetByRole(AriaRole.Row).Filter(new() { HasText = note });
        await Expect(row).ToContainTextAsync("Ada");
        await Expect(row).ToContainTextAsync("key ada");
        await Expect(row).ToContainTextAsync("pause");
        await Expect(row).ToContainTextAsync("open → paused");
        Assert.InRange(grace.Actions, 1, 9);
    }

    private async Task<Hand> SignInAsync(string name, string key)
    {
        var page = await _browser.SignInAsync(name, key);
        await Expect(page.GetByTestId("leader")).ToBeVisibleAsync();
        return new Hand(page);
    }

    private static ILocator Link(Hand hand, string page) =>
        hand.Page.GetByRole(AriaRole.Navigation).GetByRole(AriaRole.Link, new() { Name = page }).First;

    /// <summary>Counts what a person does: a click, a key, a text.</summary>
    private sealed class Hand(IPage page)
    {
        public IPage Page => page;

        public int Actions { get; private set; }

        public Task ClickAsync(ILocator what) => CountedAsync(what.ClickAsync());

        public Task FillAsync(ILocator what, string text) => CountedAsync(what.FillAsync(text));

        public Task PressAsync(string key) => CountedAsync(page.Keyboard.PressAsync(key));

        public Task TypeAsync(string text) => CountedAsync(page.Keyboard.TypeAsync(text));

        private Task CountedAsync(Task action)
        {
            Actions++;
            return action;
        }
    }
}
