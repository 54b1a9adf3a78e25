using System.Net.Http.Json;
using Foresight.Chain.Rpc;
using Foresight.Protocol;
using Foresight.Simulator.Traders;
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
/// Takes the pictures of docs/images from a running stack with its simulator: CONSOLE_PICTURES is the console's
/// address, ADMIN_KEY the key. With API_URL and RPC_URL it first makes a fill that bypasses the relayer, so
/// that there is something to reconcile. See Foresight.Console/README.md.
/// </summary>
public sealed class ConsolePictures
{
    private const string Address = "CONSOLE_PICTURES";

    /// <summary>The simulator's default seed, from which its traders' keys derive.</summary>
    private const long SimulatorSeed = 1;

    [FactWhenSet(Address)]
    public async Task TakeAll()
    {
        var folder = Path.Combine(Repository.Root, "docs", "images");
        Directory.CreateDirectory(folder);
        var key = Environment.GetEnvironmentVariable("ADMIN_KEY") ?? throw new InvalidOperationException("ADMIN_KEY is not set");
        var isFilledDirectly = Environment.GetEnvironmentVariable("RPC_URL") is { Length: > 0 };
        if (isFilledDirectly)
            await FillDirectlyAsync(
                new Uri(Environment.GetEnvironmentVariable("RPC_URL")!),
                new Uri(Environment.GetEnvironmentVariable("API_URL")!)
            );
        await using var browser = await ConsoleBrowser.StartAsync(new Uri(Environment.GetEnvironmentVariable(Address)!));

        foreach (var (appearance, suffix) in new[] { (ColorScheme.Light, ""), (ColorScheme.Dark, "-dark") })
        {
            var page = await browser.SignInAsync("Ada Lovelace", key, appearance);
            await Expect(page.GetByTestId("leader")).ToBeVisibleAsync();
            await TakeAsync(page, $"overview{suffix}");

            await page.GotoAsync("/markets");
            await page.GetByTestId("markets").GetByRole(AriaRole.Link).First.ClickAsync();
            await Expect(page.GetByTestId("ladder")).ToBeVisibleAsync();
            await Expect(page.GetByTestId("tape").GetByText("final").First).ToBeVisibleAsync();
            await TakeAsync(page, $"market{suffix}");

            await page.GotoAsync("/reconciliation");
            await Expect(page.GetByRole(AriaRole.Table, new() { Name = "Reconciliation runs" })).ToBeVisibleAsync();
            if (isFilledDirectly && appearance == ColorScheme.Light)
                await ReconcileAsync(page);
            await TakeAsync(page, $"reconciliation{suffix}");
        }

        async Task TakeAsync(IPage page, string name)
        {
            // The picture must have its fonts and the first second of data.
            await page.EvaluateAsync("document.fonts.ready");
            await Expect(page.Locator(".skeleton")).ToHaveCountAsync(0);
            await page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"{name}.png"), Animations = ScreenshotAnimations.Disabled });
        }
    }

    /// <summary>Uses two of the simulator's traders, because their keys are public.</summary>
    private static async Task FillDirectlyAsync(Uri rpc, Uri api)
    {
        using var http = new HttpClient { BaseAddress = api };
        var venue = (await http.GetFromJsonAsync<ChainView>("chain"))!;
        var markets = (await http.GetFromJsonAsync<Page<MarketView>>("markets"))!;
        var traders = Trader.FromSeed(SimulatorSeed, 2);
        await DirectFill.MakeAsync(
            EthereumClient.OfEndpoint(http, rpc),
            venue.ChainId,
            TradedMarket.From(markets.Items[0]),
            maker: traders[0],
            taker: traders[1]
        );
    }

    private static async Task ReconcileAsync(IPage page)
    {
        await ConsoleBrowser.RunUntilItAppearsAsync(page, page.GetByTestId("discrepancies").GetByText("missing_offchain").First);
        // Notifications of a started run must not be in the picture; they disappear by themselves.
        await Expect(page.Locator(".rz-notification-item")).ToHaveCountAsync(0);
    }
}
