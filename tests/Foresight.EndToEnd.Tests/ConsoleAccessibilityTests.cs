using System.Text;
using Aspire.Hosting.Testing;
using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using Foresight.EndToEnd.Tests.Stack;
using Foresight.Protocol;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Foresight.EndToEnd.Tests;

/// <summary>What axe finds, with every rule that it has for pages of WCAG 2.2 AA and its own best practices.</summary>
[Trait("Category", "Console")]
[Collection(ConsoleCollection.Name)]
public sealed class ConsoleAccessibilityTests(ConsoleFixture stack) : IAsyncLifetime
{
    private const string SeenByAxe = "seen by axe";
    private const string Replica = "replica-1";

    // Off in axe unless asked for: what is pressed has 24 px or as much room around it.
    private static readonly AxeRunOptions All = new()
    {
        Rules = new() { ["target-size"] = new() { Enabled = true } },
        ResultTypes = [ResultType.Violations],
    };

    // The other rules look at what is the same in the reader's colours as in the theme's.
    private static readonly AxeRunOptions OfColours = new()
    {
        RunOnly = new() { Type = "rule", Values = ["color-contrast", "link-in-text-block"] },
        ResultTypes = [ResultType.Violations],
    };

    private static readonly (ColorScheme Scheme, ForcedColors Forced, AxeRunOptions Rules)[] Appearances =
    [
        (ColorScheme.Light, ForcedColors.None, All),
        (ColorScheme.Dark, ForcedColors.None, All),
        (ColorScheme.Light, ForcedColors.Active, OfColours),
        (ColorScheme.Dark, ForcedColors.Active, OfColours),
    ];

    private const int PhoneWidth = 390;
    private const int PhoneHeight = 844;

    private ConsoleBrowser _browser = null!;

    public async Task InitializeAsync() => _browser = await ConsoleBrowser.StartAsync(stack.App.GetEndpoint("console"));

    public async Task DisposeAsync()
    {
        await _browser.DisposeAsync();
        await stack.RemoveDiscrepanciesAsync(SeenByAxe);
    }

    [Fact]
    public async Task EveryPage_InEachAppearance_HasNoViolation_FitsAPhone_AndLogsNothing()
    {
        var addresses = await AddressesAsync();
        var found = new StringBuilder();
        var stranger = await _browser.VisitAsync();
        Listen(stranger, found);
        await LookAsync(stranger, found);

        var page = await _browser.SignInAsync("Ada Lovelace", stack.AdminKey);
        Listen(page, found);
        foreach (var address in addresses)
        {
            await OpenAsync(page, address);
            await LookAsync(page, found);
        }

        Assert.True(found.Length == 0, found.ToString());
    }

    /// <summary>What comes and goes: the band in both its tones, dialogs, a menu, notices, and what asks before it acts.</summary>
    [Fact]
    public async Task WhatComesAndGoes_InEachAppearance_HasNoViolation()
    {
        var found = new StringBuilder();
        var page = await _browser.SignInAsync("Ada Lovelace", stack.AdaKey);
        Listen(page, found);
        await stack.StrikeAsync((await stack.SettledTradeAsync()).TradeId);
        await stack.DiscrepanciesAsync(3, SeenByAxe, severity: Severities.Critical);
        await OpenAsync(page, "/database");
        await page.GetByLabel("Act on").SelectOptionAsync(Replica);
        await page.GetByTestId($"act-{OperatorSubjects.Replica}-note").FillAsync("Its disk is looked at.");
        await page.GetByTestId($"act-{OperatorSubjects.Replica}-{OperatorActions.TakeOut}").ClickAsync();
        try
        {
            await Expect(page.Locator(".notice-item").First).ToBeVisibleAsync();
            await Expect(page.Locator(".problem-watch").First).ToBeVisibleAsync();
            await Expect(page.Locator(".problem-bad").First).ToBeVisibleAsync();
            await LookAsync(page, found, "band and notice");

            await page.GotoAsync("/reconciliation?state=unresolved&severity=critical");
            await Expect(page.Locator(".problem-bad").First).ToBeVisibleAsync();
            await LookInDialogsAsync(page, found);
            await page.GetByRole(AriaRole.Button, new() { Name = "Columns of the discrepancies" }).PressAsync("Enter");
            await Expect(page.Locator(".mud-popover-open").GetByText("Assignee", new() { Exact = true })).ToBeVisibleAsync();
            await LookAsync(page, found, "menu of columns", fits: false);
            await page.Keyboard.PressAsync("Escape");
            await Expect(page.Locator(".mud-popover-open")).ToHaveCountAsync(0);

            await page.GetByTestId("select-all").CheckAsync();
            var bulk = page.GetByTestId("bulk");
            await bulk.GetByLabel("What to do with them").SelectOptionAsync(DiscrepancyActions.Ignore);
            await bulk.GetByTestId("bulk-note").FillAsync("Being looked at.");
            await bulk.GetByTestId("bulk-apply").ClickAsync();
            await Expect(page.GetByTestId("bulk-asks")).ToBeVisibleAsync();
            await LookAsync(page, found, "bulk confirmation");

            await OpenAsync(page, "/cluster");
            await page.GetByLabel("Act on").SelectOptionAsync($"{OperatorSubjects.Leader}/{LeasedResources.Matching}");
            await page.GetByTestId($"act-{OperatorSubjects.Leader}-note").FillAsync("Its machine is restarted.");
            await page.GetByTestId($"act-{OperatorSubjects.Leader}-{OperatorActions.StepDown}").ClickAsync();
            await Expect(page.GetByTestId($"act-{OperatorSubjects.Leader}-confirm")).ToBeVisibleAsync();
            await LookAsync(page, found, "typed confirmation");

            await OpenAsync(page, $"/offenders/{ConsoleSeed.Offender}");
            await page.GetByTestId("waive-note").FillAsync("Our own fault.");
            await page.GetByTestId("waive").ClickAsync();
            await Expect(page.GetByTestId("waive-confirm")).ToBeVisibleAsync();
            await LookAsync(page, found, "waiver's confirmation");
        }
        finally
        {
            await OpenAsync(page, "/database");
            await page.GetByLabel("Act on").SelectOptionAsync(Replica);
            await page.GetByTestId($"act-{OperatorSubjects.Replica}-note").FillAsync("It is sound.");
            await page.GetByTestId($"act-{OperatorSubjects.Replica}-{OperatorActions.PutIn}").ClickAsync();
            await Expect(page.GetByText($"{Replica} is out of rotation")).ToHaveCountAsync(0);
        }

        Assert.True(found.Length == 0, found.ToString());
    }

    /// <summary>The look-up empty, with hits and without any, and the help.</summary>
    private async Task LookInDialogsAsync(IPage page, StringBuilder found)
    {
        await Expect(page.GetByText("live", new() { Exact = true })).ToBeVisibleAsync();
        await page.Keyboard.PressAsync("Control+k");
        var lookup = page.Locator("dialog#lookup");
        await Expect(lookup).ToBeVisibleAsync();
        await LookAsync(page, found, "look-up");
        await page.Keyboard.TypeAsync(stack.Traders[1].Address.ToString()[..8]);
        await Expect(lookup.Locator("[aria-selected='true']")).ToBeVisibleAsync();
        await LookAsync(page, found, "look-up with hits");
        await page.Keyboard.TypeAsync("0000000000");
        await Expect(lookup.GetByText("Nothing found for")).ToBeVisibleAsync();
        await LookAsync(page, found, "look-up without hits");
        await page.Keyboard.PressAsync("Escape");
        await page.Keyboard.PressAsync("?");
        await Expect(page.Locator("dialog#shortcuts")).ToBeVisibleAsync();
        await LookAsync(page, found, "help");
        await page.Keyboard.PressAsync("Escape");
        await Expect(page.Locator("dialog[open]")).ToHaveCountAsync(0);
    }

    /// <summary>Every page of the console, those of single things with one that exists.</summary>
    private async Task<IReadOnlyList<string>> AddressesAsync()
    {
        var trade = await stack.SettledTradeAsync();
        await stack.FailoverOfLastNightAsync();
        await stack.FailedCommandAsync();
        await stack.StrikeAsync(trade.TradeId);
        var discrepancy = (await stack.DiscrepanciesAsync(30, SeenByAxe))[0];
        var account = stack.Traders[1].Address.ToString();
        var orders = await stack.Api.GetAsync<Page<OrderView>>($"orders?maker={account}&limit=1", CancellationToken.None);
        var run = (await stack.GetAsAdminAsync<Page<RunView>>("reconciliation/runs?limit=1")).Items[0];
        var failed = (await stack.GetAsAdminAsync<Page<FailedCommandView>>("admin/failed-commands")).Items[0];
        var key =
            $"{(failed.FailedAt - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond}-{failed.Shard}-{failed.RequestId:N}";
        return
        [
            "/",
            "/markets",
            "/markets/1",
            "/markets/new",
            "/trades",
            $"/trades/{trade.TradeId}",
            $"/orders/{orders!.Items[0].OrderId}",
            $"/accounts/{account}",
            $"/transactions/{trade.TransactionHash}",
            $"/lookup?q={account[..8]}",
            "/reconciliation",
            $"/reconciliation/discrepancies/{discrepancy}",
            $"/reconciliation/runs/{run.Id}",
            "/offenders",
            $"/offenders/{ConsoleSeed.Offender}",
            "/decisions?hours=744",
            "/database",
            "/settlement",
            "/withdrawals",
            "/cluster",
            "/failovers",
            $"/failovers/{LeasedResources.Matching}/0",
            "/failed-commands",
            $"/failed-commands/{key}",
            "/error",
            "/not-found",
        ];
    }

    internal static async Task OpenAsync(IPage page, string address)
    {
        await page.GotoAsync(address);
        await Expect(page.Locator("h1")).ToBeVisibleAsync();
        await Expect(page.Locator(".skeleton")).ToHaveCountAsync(0);
        if (address is not ("/error" or "/not-found"))
            await Expect(page.GetByText("live", new() { Exact = true })).ToBeVisibleAsync();
    }

    /// <param name="state">Of the page, where the address alone does not name it.</param>
    /// <param name="fits">False for what another size of the window would close.</param>
    internal static async Task LookAsync(IPage page, StringBuilder found, string state = "", bool fits = true)
    {
        foreach (var (scheme, forced, options) in Appearances)
        {
            await page.EmulateMediaAsync(
                new()
                {
                    ColorScheme = scheme,
                    ForcedColors = forced,
                    ReducedMotion = ReducedMotion.Reduce,
                }
            );
            // Legacy means without the page that is opened for frames of other origins, of which there are none.
#pragma warning disable CS0618
            var result = await page.Locator("html").RunAxeLegacy(options);
#pragma warning restore CS0618
            foreach (var violation in result.Violations)
            foreach (var node in violation.Nodes)
                found.AppendLine(
                    $"{new Uri(page.Url).AbsolutePath} {state} {scheme}, forced colours {forced}: {violation.Id} ({violation.Impact}): "
                        + $"{node.Target} {node.Html}"
                );
        }

        await page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Light, ForcedColors = ForcedColors.None });
        if (fits)
            await FitAsync(page, found);
    }

    /// <summary>WCAG 1.4.10: what is wider than the screen scrolls by itself, and the page never does.</summary>
    private static async Task FitAsync(IPage page, StringBuilder found)
    {
        var before = page.ViewportSize!;
        await page.SetViewportSizeAsync(PhoneWidth, PhoneHeight);
        var width = await page.EvaluateAsync<int>("document.documentElement.scrollWidth");
        if (width > PhoneWidth)
            found.AppendLine($"{new Uri(page.Url).AbsolutePath} is {width} px wide on a phone of {PhoneWidth}");
        await page.SetViewportSizeAsync(before.Width, before.Height);
    }

    internal static void Listen(IPage page, StringBuilder found)
    {
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning" && !IsOfTheStatus(message))
                found.AppendLine($"{new Uri(page.Url).AbsolutePath} logs {message.Type}: {message.Text}");
        };
        page.PageError += (_, error) => found.AppendLine($"{new Uri(page.Url).AbsolutePath} throws: {error}");
    }

    /// <summary>The browser logs the status of a page that does not exist; that page is one of those that are opened.</summary>
    private static bool IsOfTheStatus(IConsoleMessage message) =>
        message.Location.Contains("/not-found", StringComparison.Ordinal) && message.Text.Contains("404", StringComparison.Ordinal);
}
