using System.Globalization;
using System.Net.Http.Json;
using System.Text.RegularExpressions;
using Aspire.Hosting.Testing;
using Foresight.Chain;
using Foresight.Client;
using Foresight.EndToEnd.Tests.Stack;
using Foresight.Matching.Engine;
using Foresight.Protocol;
using Foresight.Simulator.Traders;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Foresight.EndToEnd.Tests;

/// <summary>What an operator reads when something went wrong, and when an address is.</summary>
[Trait("Category", "Console")]
[Collection(ConsoleCollection.Name)]
public sealed class ConsoleMishapTests(ConsoleFixture stack) : IAsyncLifetime
{
    // As the journal has an order.
    private const int Open = 0;
    private const int Cancelled = 3;

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

    private ILocator Main => _page.Locator("main");

    private ILocator Crumb => _page.GetByLabel("Breadcrumb").GetByRole(AriaRole.Link);

    private ILocator Live => _page.GetByText("live", new() { Exact = true });

    [Fact]
    public async Task RunPage_HasWhatTheRunFound_AndWhatAutomaticRepairWouldDo()
    {
        var hash = await DirectFill.MakeAsync(
            stack.Chain,
            stack.Venue.ChainId,
            stack.Markets[0],
            maker: stack.Traders[1],
            taker: stack.Traders[3]
        );
        var fill = (await stack.Chain.GetTransactionReceiptsAsync([Hash32.Parse(hash)]))[0]!;
        await LinkOf("Reconciliation").ClickAsync();
        var found = _page.GetByTestId("discrepancies").GetByRole(AriaRole.Row).Filter(new() { Has = _page.GetByTitle(hash) });
        await ConsoleBrowser.RunUntilItAppearsAsync(_page, found);

        await _page.GetByTestId("run-note").FillAsync("What would be repaired?");
        await _page.GetByTestId("dry-run").ClickAsync();
        await Expect(_page.GetByTestId("repairs")).ToContainTextAsync($"{DiscrepancyKinds.MissingOffChain}:{hash}");
        await OpenRunAsync("dry run");
        var blocks = await ConsoleBrowser.Fact(_page, "Blocks").TextContentAsync();
        Assert.InRange(fill.BlockNumber, Count(blocks!.Split('–')[0]), Count(blocks.Split('–')[1]));
        await Expect(ConsoleBrowser.Fact(_page, "Would be repaired")).ToHaveTextAsync("1");
        var plan = _page.GetByTestId("repairs").Locator("tbody tr");
        await Expect(plan).ToHaveCountAsync(1);
        await Expect(plan).ToContainTextAsync("recorded");
        // What is after the repair is the last column, so the key before it must leave it room.
        var room = _page.GetByTestId("repairs").Locator("xpath=..");
        Assert.True(await room.EvaluateAsync<bool>("room => room.scrollWidth <= room.clientWidth"));

        await plan.GetByRole(AriaRole.Link, new() { Name = $"{DiscrepancyKinds.MissingOffChain}:{hash}" }).ClickAsync();
        await Expect(Heading(DiscrepancyKinds.MissingOffChain)).ToBeVisibleAsync();
        await _page.GetByTestId("decision-note").FillAsync("The maker filled it in escape mode.");
        await _page.GetByTestId("resolve").ClickAsync();
        await Expect(Main.Locator(".page-head")).ToContainTextAsync(DiscrepancyStates.Resolved);

        // A run that is no dry run, while automatic repair is off.
        await Crumb.ClickAsync();
        await OpenRunAsync("Ada");
        await Expect(ConsoleBrowser.Fact(_page, "Repaired")).ToHaveTextAsync("0");
        await Expect(Main).ToContainTextAsync("Nothing was repaired");
        Assert.Empty(_logged);

        async Task OpenRunAsync(string by)
        {
            var runs = _page.GetByRole(AriaRole.Table, new() { Name = "Reconciliation runs" });
            var link = runs.Locator("tbody tr").Filter(new() { HasText = by }).First.GetByRole(AriaRole.Link);
            var id = await link.TextContentAsync();
            await link.ClickAsync();
            await Expect(Heading($"Run {id}")).ToBeVisibleAsync();
            await Expect(Main.Locator(".page-head")).ToContainTextAsync(RunStates.Succeeded);
            await Expect(ConsoleBrowser.Fact(_page, "Asked for by")).ToHaveTextAsync("Ada with the key ada");
            await Expect(ConsoleBrowser.Fact(_page, "On")).ToHaveTextAsync(new Regex("^matching"));
            await Expect(ConsoleBrowser.Fact(_page, "Trades compared")).ToHaveTextAsync(new Regex(@"^[\d,]+$"));
            await Expect(ConsoleBrowser.Fact(_page, "Differences found")).ToHaveTextAsync("1");
        }
    }

    [Fact]
    public async Task FailedCommand_IsListed_AndItsPageHasTheCommandAndTheCause()
    {
        var (maker, taker, market) = (stack.Traders[1], stack.Traders[2], stack.Markets[2]);
        var bid = new OrderIntent(market, 0, Side.Buy, new Price(60 * market.TickSize), new Quantity(100));
        var resting = stack.Signer.Sign(maker, bid);
        Assert.IsType<PlaceOutcome.Acknowledged>(await stack.Api.PlaceAsync(resting, CancellationToken.None));
        var failing = stack.Signer.Sign(taker, bid with { Side = Side.Sell });
        await stack.SetStatusAsync(resting.OrderId, Cancelled);
        try
        {
            var epoch = await ChangeLeaderAsync();
            await Eventually.TrueAsync(
                "the engine throws",
                Eventually.Patience,
                async () => (await stack.SendOnceAsync(failing)).Code == ProblemCodes.CommandFailed
            );

            await LinkOf("Failed commands").ClickAsync();
            var row = _page.GetByTestId("failed-commands").Locator("tbody tr").Filter(new() { HasText = "is not a live order" }).First;
            await Expect(row).ToContainTextAsync("Place");
            // Where it was thrown is for the command's own page.
            await Expect(row).Not.ToContainTextAsync("at Foresight.");
            await row.GetByRole(AriaRole.Link).ClickAsync();

            await Expect(Heading("Place")).ToBeVisibleAsync();
            await Expect(Main.Locator(".page-head")).ToContainTextAsync("refused");
            await Expect(Main.Locator(".lead-text")).ToHaveTextAsync(new Regex(@"reported order \d+, which is not a live order\.$"));
            await Expect(_page.GetByTestId("cause")).ToContainTextAsync("at Foresight.Matching.Engine");
            await Expect(ConsoleBrowser.Fact(_page, "Refused for")).ToHaveTextAsync(new Regex(@"^\d+(\.\d)? s$"));
            await Expect(ConsoleBrowser.Fact(_page, "Epoch")).ToHaveTextAsync(Number(epoch));
            var command = _page.GetByTestId("command");
            await Expect(command).ToContainTextAsync($"\"hash\": \"{failing.OrderId}\"");
            await Expect(command).ToContainTextAsync($"\"priceTicks\": {bid.Price.Ticks}");
            await Expect(command).ToContainTextAsync("+00:00");
            await Expect(command).Not.ToContainTextAsync("signature");

            await Crumb.ClickAsync();
            await Expect(Heading("Failed commands")).ToBeVisibleAsync();
            // It was not carried out, so its order does not exist.
            await _page.GotoAsync($"/lookup?q={failing.OrderId}");
            await Expect(Main).ToContainTextAsync($"Nothing found for “{failing.OrderId}”.");
            Assert.Empty(_logged);
        }
        finally
        {
            await stack.SetStatusAsync(resting.OrderId, Open);
            await ChangeLeaderAsync();
            await stack.Api.CancelAsync(stack.Signer.SignCancel(maker, resting), CancellationToken.None);
        }
    }

    [Fact]
    public async Task AddressOfNothing_IsAnsweredInWords_AndIsNoOutage()
    {
        var (account, hash) = ("0x" + new string('e', 40), "0x" + new string('e', 64));
        foreach (
            var (address, answer, why) in new[]
            {
                ("/accounts/0xno", "This address names no account", "0x and 40 hexadecimal digits"),
                ("/transactions/0xno", "This address names no transaction", "0x and 64 hexadecimal digits"),
                ($"/transactions/{hash}", "There is no such transaction", "Settlement has signed no transaction"),
                ("/reconciliation/runs/999999999", "No such run", "No run has the id 999999999."),
                ("/failed-commands/last", "No such command", "take it from the list"),
                ($"/failed-commands/1-0-{Guid.NewGuid():N}", "No such command", "None failed then"),
                ("/failed-commands?cursor=last", "This address cannot be answered", "cursor must be the next of a page before"),
                ($"/lookup?q={new string('e', 129)}", "q must have 1 to 128 characters", "no control characters"),
                ($"/accounts/{account}", "There is no such account", "The exchange has not seen the account"),
            }
        )
        {
            await _page.GotoAsync(address);
            await Expect(Main).ToContainTextAsync(answer);
            await Expect(Main).ToContainTextAsync(why);
            await Expect(Live).ToBeVisibleAsync();
            await Expect(Main.Locator(".tile-stale, .skeleton, .lookup .notice-danger")).ToHaveCountAsync(0);
        }

        await Main.GetByRole(AriaRole.Link, new() { Name = "Look it up among everything else" }).ClickAsync();
        await Expect(Main.GetByRole(AriaRole.Combobox, new() { Name = "Look up" })).ToHaveValueAsync(account);
        await Expect(Main).ToContainTextAsync($"Nothing found for “{account}”.");
        Assert.Empty(_logged);

        // No page is of a run without a number. The browser logs this status by itself.
        var response = await _page.GotoAsync("/reconciliation/runs/last");
        Assert.Equal(404, response!.Status);
        await Expect(Heading("There is no such page")).ToBeVisibleAsync();
    }

    /// <summary>The next leader rebuilds its engine.</summary>
    /// <returns>The next leader's epoch.</returns>
    private async Task<long> ChangeLeaderAsync()
    {
        var before = await stack.LeaderAsync();
        using var request = new HttpRequestMessage(
            HttpMethod.Post,
            new Uri(new Uri(stack.ApiUrl(1)), $"admin/leaders/{LeasedResources.Matching}/acts")
        )
        {
            Content = JsonContent.Create(new OperatorActRequest(OperatorActions.StepDown, "Another leader is wanted.")),
        };
        request.Headers.Authorization = new("Bearer", stack.AdaKey);
        using var response = await stack.Http.SendAsync(request);
        response.EnsureSuccessStatusCode();
        var after = await Eventually.GetAsync(
            "the next leader",
            Eventually.Patience,
            async () => await stack.LeaderAsync() is var leader && leader.Epoch > before.Epoch ? leader : null
        );
        await stack.WaitUntilTradingAsync();
        return after.Epoch;
    }

    private ILocator LinkOf(string page) => _page.GetByRole(AriaRole.Navigation).GetByRole(AriaRole.Link, new() { Name = page }).First;

    private ILocator Heading(string text) => _page.GetByRole(AriaRole.Heading, new() { Name = text, Level = 1 });

    private static long Count(string shown) => long.Parse(shown, NumberStyles.AllowThousands, CultureInfo.InvariantCulture);

    private static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
