using System.Net;
using System.Text;
using Aspire.Hosting.Testing;
using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.EndToEnd.Tests.Stack;
using Foresight.Matching.Engine;
using Foresight.Protocol;
using Foresight.Simulator.Traders;
using static Microsoft.Playwright.Assertions;

namespace Foresight.EndToEnd.Tests;

/// <summary>An operator follows firm money through the console: a trade, a withdrawal, and both against the bounds.</summary>
[Trait("Category", "Console")]
[Trait("Category", "Firm")]
[Collection(FirmCollection.Name)]
public sealed class ConsoleFirmTests(FirmFixture stack) : IAsyncLifetime
{
    private const long Usdc = 1_000_000;

    private ConsoleBrowser _browser = null!;

    public async Task InitializeAsync() => _browser = await ConsoleBrowser.StartAsync(stack.App.GetEndpoint("console"));

    public async Task DisposeAsync() => await _browser.DisposeAsync();

    [Fact]
    public async Task FirmTrade_AndWithdrawal_AreSeenOnEveryPageThatTheyConcern()
    {
        await stack.WaitUntilTradingAsync();
        var (buyer, other) = (stack.Traders[1], stack.Traders[2]);
        foreach (var trader in (Trader[])[buyer, other])
            await DepositAsync(trader, 200 * Usdc);
        var market = stack.Markets[2];
        var price = new Price(40 * market.TickSize);
        // Of both outcomes, so that both sides pay with USDC: a set is minted for them.
        var first = await PlaceAsync(buyer, new OrderIntent(market, 0, Side.Buy, price, new Quantity(1_000)));
        var rest = new OrderIntent(market, 1, Side.Buy, new Price(Price.TicksPerUnit - price.Ticks), new Quantity(1_000));
        var trade = (await PlaceAsync(other, rest)).Fills.Single().TradeId;
        Assert.Equal("open", first.Status);
        Assert.True((await stack.TradeInStateAsync(trade, TradeStates.Final)).Firm);
        await PlaceAsync(buyer, new OrderIntent(market, 0, Side.Buy, new Price(10 * market.TickSize), new Quantity(1_000)));
        await stack.SendFirstAsync(buyer, stack.Venue.Vault!, VaultContract.RequestWithdrawal(VaultContract.Usdc, 50 * Usdc));

        var found = new StringBuilder();
        var page = await _browser.SignInAsync("Ada Lovelace", stack.AdminKey);
        ConsoleAccessibilityTests.Listen(page, found);
        await page.GotoAsync("/settlement");
        await Expect(page.GetByTestId("firm").GetByText("taken", new() { Exact = true })).ToBeVisibleAsync();
        var row = page.GetByTestId("withdrawals").Locator("tbody tr").Filter(new() { HasText = "leaving" });
        await Expect(row).ToContainTextAsync("50");
        await ConsoleAccessibilityTests.LookAsync(page, found);

        await ConsoleAccessibilityTests.OpenAsync(page, "/withdrawals");
        await Expect(row).ToHaveCountAsync(1);
        await page.GetByLabel("State").SelectOptionAsync(WithdrawalStates.Finished);
        await Expect(page.GetByText("No withdrawal with these filters")).ToBeVisibleAsync();
        Assert.EndsWith("/withdrawals?state=finished", page.Url, StringComparison.Ordinal);
        await page.GetByLabel("State").SelectOptionAsync("");
        await ConsoleAccessibilityTests.LookAsync(page, found);

        await row.GetByRole(Microsoft.Playwright.AriaRole.Link).First.ClickAsync();
        var purse = page.GetByTestId("purses").Locator("tbody tr").Filter(new() { HasText = "USDC" });
        await Expect(purse).ToContainTextAsync("50");
        await Expect(page.GetByTestId("withdrawals").Locator("tbody tr")).ToHaveCountAsync(1);
        await Expect(page.GetByTestId("open-orders").GetByText("firm", new() { Exact = true })).ToBeVisibleAsync();
        await ConsoleAccessibilityTests.LookAsync(page, found);

        await page.GotoAsync($"/trades/{trade}");
        await Expect(ConsoleBrowser.Fact(page, "Kind")).ToContainTextAsync("firm");
        await page.GotoAsync($"/markets/{market.Id}");
        await Expect(page.Locator(".figure").Filter(new() { HasText = "Firm share" })).ToContainTextAsync("100%");
        Assert.True(found.Length == 0, found.ToString());
    }

    private Address Vault => Address.Parse(stack.Venue.Vault!);

    /// <summary>Returns when the exchange counts it.</summary>
    private async Task DepositAsync(Trader trader, long micros)
    {
        await stack.SendFirstAsync(trader, stack.Venue.Usdc, UsdcContract.Approve(Vault, Word.MaxUInt256));
        await stack.SendFirstAsync(trader, stack.Venue.Vault!, VaultContract.Deposit(micros));
        await Eventually.TrueAsync(
            "the deposit to count",
            Eventually.Patience,
            async () => (await stack.Api.AccountAsync(trader.Address.ToString(), CancellationToken.None))?.Vault is [{ Owned: not "0" }, ..]
        );
    }

    private async Task<PlaceOrderResponse> PlaceAsync(Trader trader, OrderIntent intent)
    {
        var signed = stack.Signer.Sign(trader, intent);
        var answer = await stack.SendOnceAsync(signed with { Request = signed.Request with { Purse = Purses.Vault } });
        Assert.Equal((HttpStatusCode.Created, null), (answer.Status, answer.Code));
        return answer.Placed!;
    }
}
