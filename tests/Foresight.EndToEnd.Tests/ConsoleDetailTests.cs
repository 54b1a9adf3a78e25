using System.Globalization;
using System.Text.RegularExpressions;
using Aspire.Hosting.Testing;
using Foresight.Chain;
using Foresight.Client;
using Foresight.EndToEnd.Tests.Stack;
using Foresight.Matching.Engine;
using Foresight.Protocol;
using Foresight.Simulator.Funding;
using Foresight.Simulator.Traders;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Foresight.EndToEnd.Tests;

/// <summary>What an operator reads about a single thing that the stack made, against what the test paid in or the chain has.</summary>
[Trait("Category", "Console")]
[Collection(ConsoleCollection.Name)]
public sealed class ConsoleDetailTests(ConsoleFixture stack) : IAsyncLifetime
{
    private ConsoleBrowser _browser = null!;
    private IPage _page = null!;
    private IReadOnlyCollection<string> _logged = [];

    public async Task InitializeAsync()
    {
        _browser = await ConsoleBrowser.StartAsync(stack.App.GetEndpoint("console"));
        await stack.WaitUntilTradingAsync();
        _page = await _browser.SignInAsync("Ada", stack.AdaKey);
        _logged = ConsoleBrowser.Listen(_page);
        await Expect(Live).ToBeVisibleAsync();
    }

    public async Task DisposeAsync() => await _browser.DisposeAsync();

    /// <summary>Nothing rests in it between tests.</summary>
    private TradedMarket Market => stack.Markets[2];

    private ILocator Main => _page.Locator("main");

    private ILocator Live => _page.GetByText("live", new() { Exact = true });

    private ILocator LookupField => Main.GetByRole(AriaRole.Combobox, new() { Name = "Look up" });

    private ILocator Hits => Main.GetByRole(AriaRole.Option);

    [Fact]
    public async Task LookupPage_FindsEachKind_LeadsThere_AndKeepsTheQuestionInItsAddress()
    {
        var trade = await stack.SettledTradeAsync();
        var name = $"desk-{Guid.NewGuid():N}";
        var maker = stack.Traders[1];
        var signed = stack.Signer.Sign(maker, Bid(ticks: 3, lots: 100));
        var placement = signed with { Request = signed.Request with { ClientOrderId = name } };
        Assert.IsType<PlaceOutcome.Acknowledged>(await stack.Api.PlaceAsync(placement, CancellationToken.None));
        var market = (await stack.Api.GetAsync<MarketView>($"markets/{Market.Id}", CancellationToken.None))!;
        var (order, account, transaction) = (placement.OrderId, maker.Address.ToString(), trade.TransactionHash!);
        (string Text, string Kind, string Title, string Page)[] known =
        [
            (order[..20], LookupKinds.Order, $"buy 1 of {Market.Id}:0 at 0.03 by {account}, open", $"/orders/{order}"),
            (name, LookupKinds.Order, "buy 1 of", $"/orders/{order}"),
            ($"{trade.TradeId}", LookupKinds.Trade, $"direct of 1 at 0.41 in market {Market.Id}, final", $"/trades/{trade.TradeId}"),
            (account, LookupKinds.Account, "account number", $"/accounts/{account}"),
            (transaction, LookupKinds.Transaction, $"of market {Market.Id}", $"/transactions/{transaction}"),
            (market.Question[..20], LookupKinds.Market, market.Question, $"/markets/{Market.Id}"),
            ((await stack.LeaderAsync()).NodeId, LookupKinds.Node, $"matching, {NodeStates.Active}", "/cluster"),
        ];

        await _page.GotoAsync($"/orders/{order}");
        // A look-up is asked once, so the order must be on the replica.
        await Expect(Main.Locator(".lead-text")).ToContainTextAsync(order);
        await _page.GetByLabel("Breadcrumb").GetByRole(AriaRole.Link).ClickAsync();
        await Expect(Heading("Look-up")).ToBeVisibleAsync();
        foreach (var (text, kind, title, page) in known)
        {
            await LookupField.FillAsync(text);
            var hit = Hits.And(_page.Locator($"[href='{page}']"));
            await Expect(hit).ToContainTextAsync(kind);
            await Expect(hit).ToContainTextAsync(title);
            await Expect(_page).ToHaveURLAsync(new Regex("/lookup\\?q=" + Regex.Escape(Uri.EscapeDataString(text))));
            await hit.ClickAsync();
            await Expect(_page).ToHaveURLAsync(new Regex(Regex.Escape(page) + "$"));
            await Expect(Main.Locator("h1")).Not.ToHaveTextAsync("Look-up");

            await _page.GoBackAsync();
            await Expect(LookupField).ToHaveValueAsync(text);
            await Expect(hit).ToBeVisibleAsync();
        }

        await LookupField.FillAsync("not a thing of ours");
        await Expect(Main.Locator(".lookup-state")).ToContainTextAsync("Nothing found for “not a thing of ours”.");
        await Expect(Hits).ToHaveCountAsync(0);
        await stack.Api.CancelAsync(stack.Signer.SignCancel(maker, placement), CancellationToken.None);
        Assert.Empty(_logged);
    }

    [Fact]
    public async Task AccountPage_HasItsMoney_ItsOrders_ItsTrades_AndWhatIsHeldAgainstIt()
    {
        // An account of its own, so that every figure follows from what it was given and what it did.
        var trader = Trader.FromSeed(seed: 2000, count: 1)[0];
        await stack.FundAsync([new(trader, new Amount(500_000_000), [new SetsWanted(Market, new Quantity(4_000))])]);
        var account = trader.Address.ToString();
        var (_, failed) = await stack.FailedTradeAsync(Market, trader, stack.Traders[0], PriceOf(33));
        await OwnsAsync("500");
        var sold = await stack.TradeAsync(Market, stack.Traders[1], trader, PriceOf(41), lots: 100);
        var trade = await stack.TradeInStateAsync(sold, TradeStates.Final);
        var cancelled = await PlaceAsync(trader, Bid(ticks: 2, lots: 100));
        await stack.Api.CancelAsync(stack.Signer.SignCancel(trader, cancelled), CancellationToken.None);
        var open = await PlaceAsync(trader, Bid(ticks: 3, lots: 200));

        await _page.GotoAsync($"/trades/{sold}");
        await _page.GetByTestId("sides").GetByTitle(account).ClickAsync();
        await Expect(Heading("Account")).ToBeVisibleAsync();
        await Expect(Main.Locator(".lead-text")).ToContainTextAsync(account);
        await Expect(Main.Locator(".page-head")).ToContainTextAsync(new Regex($@"{OffenderLevels.Capped}\s+\d+ points"));

        await CellsAsync(Row("balances", "USDC"), 1, "USDC", "500.41", "0.06", "0", "500.35", "500.41", "500.41", "none");
        await CellsAsync(Row("balances", "Yes"), 1, $"market {Market.Id} Yes", "39", "0", "0", "39", "39", "39", "none");
        await CellsAsync(Row("balances", "No"), 1, $"market {Market.Id} No", "40", "0", "0", "40", "40", "40", "none");

        await CellsAsync(RowOf("open-orders", open.OrderId), 5, "buy", "0.03", "2.00", "2.00", "GTC", "open");
        await Expect(RowOf("past-orders", cancelled.OrderId)).ToContainTextAsync("cancelled");
        await CellsAsync(Row("past-orders", "sell"), 5, "sell", "0.41", "0.00", "1.00", "GTC", "filled");
        await Expect(_page.GetByTestId("past-orders").Locator("tbody tr")).ToHaveCountAsync(3);

        await TradeIsShownAsync(trade);
        await Expect(RowOf("trades", $"{failed}")).ToContainTextAsync(TradeStates.Failed);
        await CellsAsync(RowOf("strikes", $"{failed}"), 3, "insufficient collateral", "20", "–");

        await RowOf("open-orders", open.OrderId).GetByTitle(open.OrderId).ClickAsync();
        await Expect(ConsoleBrowser.Fact(_page, "Shares")).ToHaveTextAsync("0.00 filled of 2.00, 2.00 left");
        await ConsoleBrowser.Fact(_page, "Maker").GetByRole(AriaRole.Link).ClickAsync();
        await Main.GetByRole(AriaRole.Link, new() { Name = "Standing and waiver" }).ClickAsync();
        await Expect(_page).ToHaveURLAsync(new Regex($"/offenders/{account}$"));
        await Expect(ConsoleBrowser.Fact(_page, "Why")).ToHaveTextAsync("insufficient collateral");
        await stack.Api.CancelAsync(stack.Signer.SignCancel(trader, open), CancellationToken.None);
        Assert.Empty(_logged);

        Task OwnsAsync(string usdc) =>
            Eventually.TrueAsync(
                $"{usdc} USDC are the account's again",
                Eventually.Patience,
                async () =>
                    (await stack.Api.AccountAsync(account, CancellationToken.None))!.Balances.Any(one =>
                        one.Asset == "USDC" && one.Available == usdc
                    )
            );
    }

    [Fact]
    public async Task TransactionPage_HasWhatTheChainHasOfIt_AndItsTrades()
    {
        var trade = await stack.SettledTradeAsync();
        var hash = trade.TransactionHash!;
        var receipt = (await stack.Chain.GetTransactionReceiptsAsync([Hash32.Parse(hash)]))[0]!;

        await _page.GetByRole(AriaRole.Navigation).GetByRole(AriaRole.Link, new() { Name = "Settlement" }).First.ClickAsync();
        await _page.GetByTestId("batches").GetByTitle(hash).ClickAsync();
        await Expect(Heading("Transaction")).ToBeVisibleAsync();
        await Expect(Main.Locator(".lead-text")).ToContainTextAsync(hash);
        await Expect(Main.Locator(".page-head")).ToContainTextAsync(BatchStates.Final);
        await Expect(ConsoleBrowser.Fact(_page, "Nonce").GetByTitle(receipt.From.ToString())).ToBeVisibleAsync();
        await Expect(ConsoleBrowser.Fact(_page, "In a block")).ToContainTextAsync(Number(receipt.BlockNumber));
        await Expect(ConsoleBrowser.Fact(_page, "Gas")).ToContainTextAsync($"{Number(receipt.GasUsed)} used of");
        await Expect(ConsoleBrowser.Fact(_page, "Fee")).ToContainTextAsync("gwei at most");
        await Expect(ConsoleBrowser.Fact(_page, "Trades")).ToHaveTextAsync($"1 of market {Market.Id}");
        await Expect(ConsoleBrowser.Fact(_page, "Error")).ToHaveCountAsync(0);
        await TradeIsShownAsync(trade);

        await RowOf("trades", $"{trade.TradeId}").GetByTitle($"{trade.TradeId}", new() { Exact = true }).ClickAsync();
        await Expect(ConsoleBrowser.Fact(_page, "Id")).ToHaveTextAsync($"{trade.TradeId}");
        await ConsoleBrowser.Fact(_page, "Transaction").GetByRole(AriaRole.Link).ClickAsync();
        await Expect(_page).ToHaveURLAsync(new Regex($"/transactions/{hash}$"));
        await ConsoleBrowser.Fact(_page, "Trades").GetByRole(AriaRole.Link).ClickAsync();
        await Expect(_page).ToHaveURLAsync(new Regex($"/markets/{Market.Id}$"));
        Assert.Empty(_logged);
    }

    private async Task TradeIsShownAsync(TradeView trade)
    {
        var (hash, block) = (trade.TransactionHash!, Number(trade.BlockNumber!.Value));
        await CellsAsync(
            RowOf("trades", $"{trade.TradeId}"),
            5,
            "sell",
            "0.41",
            "1.00",
            "direct",
            TradeStates.Final,
            $"{hash[..8]}…{hash[^4..]}",
            block
        );
    }

    private async Task<SignedPlacement> PlaceAsync(Trader trader, OrderIntent intent)
    {
        var placement = stack.Signer.Sign(trader, intent);
        Assert.IsType<PlaceOutcome.Acknowledged>(await stack.Api.PlaceAsync(placement, CancellationToken.None));
        return placement;
    }

    /// <summary>Of the first outcome; below all that tests sell at, so that it stays open.</summary>
    private OrderIntent Bid(int ticks, long lots) => new(Market, 0, Side.Buy, PriceOf(ticks), new Quantity(lots));

    private Price PriceOf(int ticks) => new(ticks * Market.TickSize);

    private ILocator Heading(string text) => _page.GetByRole(AriaRole.Heading, new() { Name = text, Level = 1 });

    private ILocator Row(string list, string text) =>
        _page.GetByTestId(list).Locator("tbody tr").Filter(new() { Has = _page.GetByText(text, new() { Exact = true }) });

    private ILocator RowOf(string list, string id) =>
        _page.GetByTestId(list).Locator("tbody tr").Filter(new() { Has = _page.GetByTitle(id, new() { Exact = true }) });

    private static Task CellsAsync(ILocator row, int first, params string[] texts) =>
        Expect(row.Locator($"td:nth-child(n+{first})")).ToHaveTextAsync(texts);

    private static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
