using System.Collections.Concurrent;
using Foresight.AppHost.Programs;
using Microsoft.Playwright;

namespace Foresight.EndToEnd.Tests;

/// <summary>From the machine's packages, so that no browser is downloaded.</summary>
public sealed class ConsoleBrowser : IAsyncDisposable
{
    /// <summary>For what a page does and for what is expected of it: how fast it is, is judged by tests of category Soak only.</summary>
    private static readonly float DeadlineMs = (float)Eventually.Patience.TotalMilliseconds;

    private static readonly TimeSpan ReconciliationDeadline = TimeSpan.FromSeconds(30);

    private static readonly string[] Arguments =
    [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    ];

    private readonly IPlaywright _playwright;
    private readonly IBrowser _browser;
    private readonly Uri _console;

    private ConsoleBrowser(IPlaywright playwright, IBrowser browser, Uri console) =>
        (_playwright, _browser, _console) = (playwright, browser, console);

    static ConsoleBrowser() => Assertions.SetDefaultExpectTimeout(DeadlineMs);

    public static async Task<ConsoleBrowser> StartAsync(Uri console)
    {
        var chromium = await ProgramFinder.Shared.RequireAsync(Tool.Chromium);
        var environment = Environment
            .GetEnvironmentVariables()
            .Cast<System.Collections.DictionaryEntry>()
            .ToDictionary(entry => (string)entry.Key, entry => (string?)entry.Value ?? "");
        chromium.AddTo(environment);
        var playwright = await Playwright.CreateAsync();
        var browser = await playwright.Chromium.LaunchAsync(
            new()
            {
                ExecutablePath = chromium.Path,
                Args = Arguments,
                Env = environment,
            }
        );
        return new ConsoleBrowser(playwright, browser, console);
    }

    /// <param name="zone">As in the tz database; null is the machine's.</param>
    public async Task<IPage> VisitAsync(ColorScheme appearance = ColorScheme.Light, int width = 1280, int height = 900, string? zone = null)
    {
        var page = await EmptyPageAsync(appearance, width, height, zone);
        await page.GotoAsync("/");
        return page;
    }

    /// <summary>Of a context of its own, with an empty cache.</summary>
    public async Task<IPage> EmptyPageAsync(
        ColorScheme appearance = ColorScheme.Light,
        int width = 1280,
        int height = 900,
        string? zone = null
    )
    {
        var context = await _browser.NewContextAsync(
            new()
            {
                BaseURL = _console.ToString(),
                ColorScheme = appearance,
                TimezoneId = zone,
                ViewportSize = new() { Width = width, Height = height },
            }
        );
        context.SetDefaultTimeout(DeadlineMs);
        return await context.NewPageAsync();
    }

    public async Task<IPage> SignInAsync(string name, string key, ColorScheme appearance = ColorScheme.Light, string? zone = null)
    {
        var page = await VisitAsync(appearance, zone: zone);
        await FillInAsync(page, name, key);
        await page.GetByRole(AriaRole.Heading, new() { Name = "Overview" }).WaitForAsync();
        return page;
    }

    public static async Task FillInAsync(IPage page, string name, string key)
    {
        await page.GetByLabel("Your name").FillAsync(name);
        await page.GetByLabel("Admin key").FillAsync(key);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
    }

    /// <summary>A run compares only blocks that are confirmed by then, so runs are started until one has found it.</summary>
    public static Task RunUntilItAppearsAsync(IPage page, ILocator what) =>
        Eventually.TrueAsync(
            "the discrepancy in the console",
            ReconciliationDeadline,
            async () =>
            {
                await page.GetByTestId("run-note").FillAsync("Looking for a difference.");
                var run = page.GetByTestId("run-now");
                if (await run.IsEnabledAsync())
                    await run.ClickAsync();
                try
                {
                    await what.WaitForAsync(new() { Timeout = 2_500 });
                    return true;
                }
                catch (TimeoutException)
                {
                    return false;
                }
            }
        );

    /// <summary>What the page logs or throws from now on.</summary>
    public static IReadOnlyCollection<string> Listen(IPage page)
    {
        var logged = new ConcurrentQueue<string>();
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning")
                logged.Enqueue($"{new Uri(page.Url).AbsolutePath} logs {message.Type}: {message.Text}");
        };
        page.PageError += (_, error) => logged.Enqueue($"{new Uri(page.Url).AbsolutePath} throws: {error}");
        return logged;
    }

    /// <summary>What stands beside a name in a list of facts.</summary>
    public static ILocator Fact(IPage page, string name) => page.Locator($"dl.facts > div:has(> dt:text-is('{name}')) > dd");

    /// <summary>A reload would lose the mark, so a test can verify later that there was none.</summary>
    public static Task MarkAsync(IPage page) => page.EvaluateAsync("window.stillTheSameDocument = true");

    public static Task<bool> IsStillTheSameAsync(IPage page) => page.EvaluateAsync<bool>("window.stillTheSameDocument === true");

    public async ValueTask DisposeAsync()
    {
        await _browser.DisposeAsync();
        _playwright.Dispose();
    }
}
