using System.Diagnostics;
using System.Net.Http.Json;
using Aspire.Hosting.Testing;
using Foresight.EndToEnd.Tests.Stack;
using Foresight.Protocol;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Foresight.EndToEnd.Tests;

public sealed class FactWhenSetAttribute : FactAttribute
{
    public FactWhenSetAttribute(string variable)
    {
        if (Environment.GetEnvironmentVariable(variable) is null or "")
            Skip = $"{variable} is not set";
    }
}

/// <summary>
/// Takes the pictures of docs/images, of every page, from a stack of its own with its simulator. CONSOLE_LOOKS names a folder for what is
/// not published and somebody should look at: forced colours, print, a phone. See Foresight.Console/README.md.
/// </summary>
public sealed class ConsolePictures
{
    private const int Height = 800;

    /// <summary>So long that the charts show something.</summary>
    private static readonly TimeSpan Traded = TimeSpan.FromSeconds(75);

    /// <summary>Each with the list whose row leads to the page of one thing, if it has one.</summary>
    private static readonly (string Name, string? Row, string? One)[] Pages =
    [
        ("overview", null, null),
        ("markets", "[data-testid=markets] tbody a", "market"),
        ("trades", "[data-testid=trades] tbody tr:nth-child(40) a[href^='/trades/']", "trade"),
        ("reconciliation", "[data-testid=discrepancy-link]", "discrepancy"),
        ("decisions", null, null),
        ("offenders", "[data-testid=offenders] tbody a", "offender"),
        ("database", null, null),
        ("settlement", "main a[href^='/transactions/']", "transaction"),
        ("cluster", null, null),
        ("failovers", "[data-testid=failovers] tbody a", "failover"),
        ("failed-commands", "[data-testid=failed-commands] tbody a", "failed-command"),
        ("lookup", null, null),
    ];

    [FactWhenSet("CONSOLE_PICTURES")]
    public async Task TakeAll()
    {
        var folder = Path.Combine(Repository.Root, "docs", "images");
        Directory.CreateDirectory(folder);
        var stack = new SimulatedStack();
        await stack.InitializeAsync();
        try
        {
            var started = Stopwatch.GetTimestamp();
            await PrepareAsync(stack);
            await using var browser = await ConsoleBrowser.StartAsync(stack.App.GetEndpoint("console"));
            var page = await browser.SignInAsync("Ada Lovelace", stack.AdminKey);
            await ReconcileAsync(page);
            await Eventually.TrueAsync("enough trading", 2 * Traded, () => Stopwatch.GetElapsedTime(started) > Traded);
            var addresses = await AddressesAsync(page);
            foreach (var (appearance, suffix) in new[] { (ColorScheme.Light, ""), (ColorScheme.Dark, "-dark") })
                await TakeAsync(browser, stack.AdminKey, addresses, appearance, name => Path.Combine(folder, $"{name}{suffix}.png"));
            if (Environment.GetEnvironmentVariable("CONSOLE_LOOKS") is { Length: > 0 } looks)
                await TakeLooksAsync(page, addresses, looks);
        }
        finally
        {
            await stack.DisposeAsync();
        }
    }

    /// <summary>What a sound stack does not have after a minute.</summary>
    private static async Task PrepareAsync(StackFixture stack)
    {
        await stack.WaitUntilTradingAsync();
        await DirectFill.MakeAsync(stack.Chain, stack.Venue.ChainId, stack.Markets[0], maker: stack.Traders[1], taker: stack.Traders[3]);
        await stack.FailoverOfLastNightAsync();
        await stack.FailedCommandAsync();
        var trades = await stack.Api.GetAsync<Page<TradeView>>("trades?limit=1", CancellationToken.None);
        await stack.StrikeAsync(trades!.Items[0].TradeId);
        using var request = new HttpRequestMessage(
            HttpMethod.Post,
            new Uri(new Uri(stack.ApiUrl(1)), $"admin/markets/{stack.Markets[1].Id}/acts")
        )
        {
            Content = JsonContent.Create(new MarketActRequest(MarketActions.Pause, "The question is ambiguous; asked its author.")),
        };
        request.Headers.Authorization = new("Bearer", stack.AdminKey);
        request.Headers.Add(ApiHeaders.Operator, "Grace");
        using var response = await stack.Http.SendAsync(request);
        response.EnsureSuccessStatusCode();
    }

    private static async Task TakeAsync(
        ConsoleBrowser browser,
        string key,
        IReadOnlyList<(string Name, string Address)> addresses,
        ColorScheme appearance,
        Func<string, string> file
    )
    {
        var page = await browser.VisitAsync(appearance, height: Height);
        await page.ScreenshotAsync(new() { Path = file("sign-in"), Animations = ScreenshotAnimations.Disabled });
        await ConsoleBrowser.FillInAsync(page, "Ada Lovelace", key);
        await Expect(page.GetByTestId("leader")).ToBeVisibleAsync();
        foreach (var (name, address) in addresses)
        {
            await OpenAsync(page, address);
            await page.ScreenshotAsync(new() { Path = file(name), Animations = ScreenshotAnimations.Disabled });
        }
    }

    private static async Task TakeLooksAsync(IPage page, IReadOnlyList<(string Name, string Address)> addresses, string folder)
    {
        foreach (var (name, address) in addresses)
        {
            await OpenAsync(page, address);
            await page.EmulateMediaAsync(new() { ForcedColors = ForcedColors.Active, ColorScheme = ColorScheme.Dark });
            await TakeAsync($"{name}-forced", isWhole: false);
            await page.EmulateMediaAsync(
                new()
                {
                    Media = Media.Print,
                    ForcedColors = ForcedColors.None,
                    ColorScheme = ColorScheme.Dark,
                }
            );
            await TakeAsync($"{name}-print", isWhole: true);
            await page.EmulateMediaAsync(new() { Media = Media.Screen, ColorScheme = ColorScheme.Light });
            await page.SetViewportSizeAsync(390, 844);
            await TakeAsync($"{name}-phone", isWhole: true);
            await page.SetViewportSizeAsync(1280, Height);
        }

        Task TakeAsync(string name, bool isWhole) =>
            page.ScreenshotAsync(
                new()
                {
                    Path = Path.Combine(folder, $"{name}.png"),
                    Animations = ScreenshotAnimations.Disabled,
                    FullPage = isWhole,
                }
            );
    }

    /// <summary>Every page; those of single things are found by the lists that lead to them.</summary>
    private static async Task<IReadOnlyList<(string Name, string Address)>> AddressesAsync(IPage page)
    {
        var found = new List<(string, string)>();
        foreach (var (name, row, one) in Pages)
        {
            var address = name == "overview" ? "/" : $"/{name}";
            found.Add((name, address));
            if (row is null)
                continue;
            await OpenAsync(page, address);
            var link = await LinkAsync(row);
            found.Add((one!, link));
            if (one == "market")
                found.Add(("new-market", "/markets/new"));
            if (one == "discrepancy")
                found.Add(("reconciliation-run", await LinkAsync("main a[href^='/reconciliation/runs/']")));
            if (one != "trade")
                continue;
            await OpenAsync(page, link);
            found.Add(("order", await LinkAsync("main a[href^='/orders/']")));
            found.Add(("account", await LinkAsync("main a[href^='/accounts/']")));
        }

        return found;

        async Task<string> LinkAsync(string selector) => (await page.Locator(selector).First.GetAttributeAsync("href"))!;
    }

    /// <summary>The picture must have its fonts and the first second of data.</summary>
    private static async Task OpenAsync(IPage page, string address)
    {
        await page.GotoAsync(address);
        await Expect(page.Locator(".live")).ToBeVisibleAsync();
        await page.EvaluateAsync("document.fonts.ready");
        await Expect(page.Locator(".skeleton")).ToHaveCountAsync(0);
    }

    private static async Task ReconcileAsync(IPage page)
    {
        await page.GotoAsync("/reconciliation");
        await ConsoleBrowser.RunUntilItAppearsAsync(page, page.GetByTestId("discrepancies").GetByText("missing_offchain").First);
    }

    private sealed class SimulatedStack : StackFixture
    {
        /// <summary>Well-known, of another account of the development chain: one key has one row of nonces.</summary>
        private const string Faucet = "0xdbda1821b80551c9d65939329250298aa3472ba22feea921c0cf5d620ea67b97";

        protected override bool HasSimulator => true;

        protected override IReadOnlyList<string> MoreArguments => [$"--Parameters:faucet-key={Faucet}"];
    }
}
