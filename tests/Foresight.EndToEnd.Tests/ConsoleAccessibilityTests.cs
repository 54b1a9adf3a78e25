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

    // Off in axe unless asked for: what is pressed has 24 px or as much room around it.
    private static readonly AxeRunOptions All = new()
    {
        Rules = new() { ["target-size"] = new() { Enabled = true } },
        ResultTypes = [ResultType.Violations],
    };

    // The other rules look at what all appearances share.
    private static readonly AxeRunOptions OfColours = new()
    {
        RunOnly = new() { Type = "rule", Values = ["color-contrast", "link-in-text-block"] },
        ResultTypes = [ResultType.Violations],
    };

    private static readonly (ColorScheme Scheme, ForcedColors Forced, AxeRunOptions Rules)[] Appearances =
    [
        (ColorScheme.Light, ForcedColors.None, All),
        (ColorScheme.Dark, ForcedColors.None, OfColours),
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

        await page.GotoAsync("/trades");
        await Expect(page.GetByText("live", new() { Exact = true })).ToBeVisibleAsync();
        foreach (var (key, dialog) in new[] { ("?", "shortcuts"), ("Control+k", "lookup") })
        {
            await page.Keyboard.PressAsync(key);
            await Expect(page.Locator($"dialog#{dialog}")).ToBeVisibleAsync();
            await LookAsync(page, found);
            await page.Keyboard.PressAsync("Escape");
        }

        Assert.True(found.Length == 0, found.ToString());
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
            "/cluster",
            "/failovers",
            $"/failovers/{LeasedResources.Matching}/0",
            "/failed-commands",
            $"/failed-commands/{key}",
            "/error",
            "/not-found",
        ];
    }

    private static async Task OpenAsync(IPage page, string address)
    {
        await page.GotoAsync(address);
        await Expect(page.Locator("h1")).ToBeVisibleAsync();
        await Expect(page.Locator(".skeleton")).ToHaveCountAsync(0);
        if (address is not ("/error" or "/not-found"))
            await Expect(page.GetByText("live", new() { Exact = true })).ToBeVisibleAsync();
    }

    private static async Task LookAsync(IPage page, StringBuilder found)
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
                    $"{new Uri(page.Url).AbsolutePath} {scheme}, forced colours {forced}: {violation.Id} ({violation.Impact}): "
                        + $"{node.Target} {node.Html}"
                );
        }

        await page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Light, ForcedColors = ForcedColors.None });
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

    private static void Listen(IPage page, StringBuilder found)
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
