using System.Diagnostics;
using System.Text.RegularExpressions;
using Aspire.Hosting.Testing;
using Foresight.EndToEnd.Tests.Stack;
using Foresight.Simulator.Flow;
using Foresight.Simulator.Load;
using Microsoft.Playwright;
using Xunit.Abstractions;
using static Microsoft.Playwright.Assertions;

namespace Foresight.EndToEnd.Tests;

/// <summary>
/// A fault is named in the right words, and nothing that is old is green then. CONSOLE_FAULT_PICTURES names a folder for a picture of
/// each.
/// </summary>
[Trait("Category", "Console")]
[Collection(ConsoleCollection.Name)]
public class ConsoleFaultTests(ConsoleFixture stack, ITestOutputHelper output) : IAsyncLifetime
{
    protected virtual TimeSpan Named => Eventually.Patience;

    /// <summary>A node that was killed has to start again, and the lease of 5 s of a frozen one to end.</summary>
    private const float GoneMs = 60_000;

    private ConsoleBrowser _browser = null!;
    private IPage _page = null!;

    public async Task InitializeAsync()
    {
        _browser = await ConsoleBrowser.StartAsync(stack.App.GetEndpoint("console"));
        await stack.WaitUntilTradingAsync();
        _page = await _browser.SignInAsync("Ada Lovelace", stack.AdminKey);
        await Expect(Live).ToBeVisibleAsync(new() { Timeout = GoneMs });
        await Expect(Problems).ToHaveCountAsync(0, new() { Timeout = GoneMs });
    }

    public async Task DisposeAsync() => await _browser.DisposeAsync();

    /// <summary>But one that the product itself lets go half a minute after its end: the distrust of an endpoint.</summary>
    private ILocator Problems => _page.Locator("[data-problem]:not([data-problem='endpoints'])");

    private ILocator Live => _page.GetByText("live", new() { Exact = true });

    [Fact]
    public async Task LeaderKilled_ItsSuccessorIsShown_AndItIsMissed()
    {
        var killed = await stack.LeaderAsync();
        await NamedAsync(
            "leader-killed",
            new Concern(["/cluster"], killed.NodeId),
            () => Kill(killed.ProcessId),
            async left =>
            {
                await Expect(Problem("node:matching")).ToContainTextAsync($"1 matching node missing", left());
                await Expect(Problem("node:matching")).ToContainTextAsync(killed.NodeId, left());
                await Expect(_page.GetByTestId("leader")).Not.ToHaveTextAsync(killed.NodeId, new() { Timeout = left().Timeout });
                await Expect(Live).ToHaveClassAsync(new Regex("live-watch"), new() { Timeout = left().Timeout });
                await NothingGreenIsOldAsync();
            }
        );
        await stack.BringBackAsync(killed.NodeId);
    }

    [Fact]
    public Task ChainFrozen() =>
        NamedAsync(
            "chain-frozen",
            new Concern(["/settlement"]),
            () => stack.App.Freeze("chain"),
            async left =>
            {
                await Expect(Problem("head")).ToContainTextAsync("The chain does not move", left());
                await PartlyLiveAsync(left);
                await NothingGreenIsOldAsync();
            }
        );

    [Fact]
    public Task ReplicaFrozen() =>
        NamedAsync(
            "replica-frozen",
            new Concern(["/database"], "replica-1"),
            () => stack.App.Freeze("postgres-replica"),
            async left =>
            {
                await Expect(Problem("replica:replica-1")).ToContainTextAsync(new Regex("replica-1 (does not answer|is out)"), left());
                await Expect(Problem("primary").Or(Problem("postgres"))).ToHaveCountAsync(0);
                await NothingGreenIsOldAsync();
            }
        );

    [Fact]
    public Task PrimaryFrozen() =>
        NamedAsync(
            "primary-frozen",
            new Concern(["/database"], "primary"),
            () => stack.App.Freeze("postgres"),
            async left =>
            {
                await Expect(Problem("primary")).ToContainTextAsync(new Regex("The primary database (does not answer|is out)"), left());
                await Expect(Problem("primary")).ToContainTextAsync("No order is taken", left());
                // The chain moves on; only its reports are missing.
                await Expect(Problem("head")).ToHaveCountAsync(0);
                await NothingGreenIsOldAsync();
            }
        );

    [Fact]
    public Task RedisFrozen() =>
        NamedAsync(
            "redis-frozen",
            new Concern(["/cluster"]),
            () => stack.App.Freeze("redis"),
            async left =>
            {
                await Expect(Problem("redis")).ToContainTextAsync("Redis does not answer", left());
                await NothingGreenIsOldAsync();
            }
        );

    [Fact]
    public async Task EndpointThatLies_IsOut_AndTheOtherIsAsked()
    {
        // The lie is about logs, and only blocks with trades have some.
        var statistics = new LoadStatistics(keepAcknowledgements: true);
        using var stop = new CancellationTokenSource();
        var load = stack.RunLoadAsync(new SteadyFlow(21, 20, stack.LoadMarkets, stack.Traders), statistics, stop.Token);
        await Eventually.TrueAsync("20 orders", Eventually.Patience, () => statistics.Acknowledgements.Count >= 20);
        await NamedAsync(
            "endpoint-lies",
            new Concern(["/settlement"], "rpc-1"),
            stack.LetTheEndpointLie,
            async left =>
            {
                await Expect(Problem("endpoints")).ToContainTextAsync("rpc-1 is out", left());
                await Expect(Problem("endpoints")).ToContainTextAsync("The other RPC endpoints are asked.", left());
                await Expect(Problem("endpoints")).ToContainTextAsync("omits logs", left());
            }
        );
        await stop.CancelAsync();
        await load;
    }

    [Fact]
    public async Task BothApisFrozen()
    {
        var (one, two) = (await stack.App.ServiceProcessIdAsync("api-1"), await stack.App.ServiceProcessIdAsync("api-2"));
        await NamedAsync(
            "apis-frozen",
            new Concern(["/cluster", "/database", "/settlement"], IsAllOld: true),
            () => new Both(new FrozenProcesses(one), new FrozenProcesses(two)),
            async left =>
            {
                await Expect(Problem("api")).ToContainTextAsync("No Api node answers", left());
                await NothingGreenIsOldAsync(isAllOld: true);
            }
        );
    }

    [Fact]
    public async Task ConsoleFrozen_ThePageItselfNoticesIt()
    {
        var console = await stack.App.ServiceProcessIdAsync("console");
        await NamedAsync(
            "console-frozen",
            new Concern([]),
            () => new FrozenProcesses(console),
            async left =>
            {
                await Expect(_page.Locator("#disconnected"))
                    .ToHaveTextAsync(new Regex(@"^Disconnected, as of \d\d:\d\d:\d\d UTC$"), new() { Timeout = left().Timeout });
                await Expect(_page.Locator("main#content")).ToHaveCSSAsync("filter", "grayscale(1)", new() { Timeout = left().Timeout });
                await Expect(Live).ToBeHiddenAsync(new() { Timeout = left().Timeout });
                // With a count while an endpoint is still distrusted after an earlier fault.
                await Expect(_page)
                    .ToHaveTitleAsync(new Regex(@"^\(disconnected\) (\(1\) )?Overview · Foresight$"), new() { Timeout = left().Timeout });
                Assert.Matches("favicon-bad", await IconAsync());
            }
        );
        await Expect(_page.Locator("#disconnected")).ToBeHiddenAsync();
        await Expect(_page).ToHaveTitleAsync(new Regex(@"^(\(1\) )?Overview · Foresight$"));
        Assert.DoesNotMatch("favicon-bad", await IconAsync());
    }

    private async Task<string> IconAsync() => (await _page.Locator("link[rel=icon]").First.GetAttributeAsync("href"))!;

    private ILocator Problem(string key) => _page.Locator($"[data-problem='{key}']");

    private Task PartlyLiveAsync(Func<LocatorAssertionsToContainTextOptions> left) =>
        Expect(_page.Locator(".live")).ToContainTextAsync("partly live", left());

    /// <summary>
    /// As the browser draws it: text, ground, border, and what is painted in a picture, in any of the colours that stand for success, and
    /// no grey over it.
    /// </summary>
    /// <param name="isAllOld">Nothing can be read, so nothing at all may be green.</param>
    private async Task NothingGreenIsOldAsync(bool isAllOld = false) =>
        Assert.Empty(await GreenAsync(isAllOld ? "*" : ".tile-stale, .tile-stale *, .figure-stale, .figure-stale *"));

    /// <param name="of">Selects what must not be green.</param>
    /// <param name="row">Only in the row of a table that begins with this; null: anywhere.</param>
    private Task<string[]> GreenAsync(string of, string? row = null) =>
        _page.EvaluateAsync<string[]>(
            """
            ([of, row]) => {
              const probe = document.body.appendChild(document.createElement("i"));
              const shown = (style, name = "") => {
                probe.setAttribute("style", style);
                probe.className = name;
                return getComputedStyle(probe).backgroundColor;
              };
              const greens = new Set([
                ...["--good", "--good-soft", "--mud-palette-success"].map(name => shown(`background: var(${name})`)),
                ...["pill-good", "health-good", "settle-final", "cover-covered"].map(name => shown("", name)),
              ]);
              probe.remove();
              greens.delete("rgba(0, 0, 0, 0)");
              if (greens.size < 4) throw new Error(`The theme's greens were not found: ${[...greens]}`);
              const parents = element => element ? [element, ...parents(element.parentElement)] : [];
              const painted = (element, pseudo) => {
                const style = getComputedStyle(element, pseudo);
                if (pseudo && (style.content === "none" || style.content === "normal")) return [];
                const sides = ["Top", "Right", "Bottom", "Left"].filter(side =>
                  style[`border${side}Style`] !== "none" && parseFloat(style[`border${side}Width`]) > 0);
                return [
                  style.color,
                  style.backgroundColor,
                  ...sides.map(side => style[`border${side}Color`]),
                  ...(element instanceof SVGGeometryElement || element instanceof SVGTextContentElement ? [style.fill, style.stroke] : []),
                ];
              };
              return [...document.querySelectorAll("main *, header *")]
                .filter(element => element.matches(of))
                .filter(element => row === null || element.closest("tr")?.cells[0].textContent.trim().startsWith(row))
                .filter(element => element.checkVisibility({ opacityProperty: true, visibilityProperty: true }))
                .filter(element => [null, "::before", "::after"].some(pseudo => painted(element, pseudo).some(one => greens.has(one))))
                .filter(element => !parents(element).some(one => getComputedStyle(one).filter.includes("grayscale(1)")))
                .map(element => `${location.pathname}: ${element.outerHTML.slice(0, 300)}`);
            }
            """,
            new[] { of, row }
        );

    /// <summary>By the console's own links: a reload would hide what the open page had read before the fault.</summary>
    private async Task OpenAsync(string path)
    {
        await _page.Locator($".side a.mud-nav-link[href='{path}']").ClickAsync();
        await Expect(_page).ToHaveURLAsync(new Regex($"{path}$"));
        // What cannot be read shows this only after the Api has been asked in vain.
        await Expect(_page.Locator("main .skeleton")).ToHaveCountAsync(0, new() { Timeout = GoneMs });
    }

    /// <summary>Where an operator goes next, nothing that is old is green either, and what the fault is about least of all.</summary>
    private async Task NothingIsGreenWhereItActsAsync(Concern concern)
    {
        foreach (var path in concern.Pages)
        {
            await OpenAsync(path);
            if (concern.Of is { } sick)
            {
                var row = _page.Locator("main tbody tr").Filter(new() { Has = _page.Locator("td:first-child", new() { HasText = sick }) });
                await Expect(row.First).ToBeVisibleAsync(new() { Timeout = GoneMs });
                await Eventually.TrueAsync(
                    $"nothing green in the line of {sick} on {path}",
                    Eventually.Patience,
                    async () => (await GreenAsync("main td *", sick)).Length == 0
                );
            }

            await NothingGreenIsOldAsync(concern.IsAllOld);
        }

        if (concern.Pages.Count > 0)
            await OpenAsync("/");
    }

    /// <param name="make">Makes the fault; disposing of what it returns ends it.</param>
    /// <param name="look">Is given what is left of <see cref="Named"/>, which begins with the fault.</param>
    private async Task NamedAsync(
        string name,
        Concern concern,
        Func<IDisposable> make,
        Func<Func<LocatorAssertionsToContainTextOptions>, Task> look
    )
    {
        await ConsoleBrowser.MarkAsync(_page);
        var before = Stopwatch.GetTimestamp();
        using (make())
        {
            await look(() => new() { Timeout = Math.Max(1, (float)(Named - Stopwatch.GetElapsedTime(before)).TotalMilliseconds) });
            var took = Stopwatch.GetElapsedTime(before);
            output.WriteLine($"{name}: named after {took.TotalSeconds:0.0} s");
            if (Environment.GetEnvironmentVariable("CONSOLE_FAULT_PICTURES") is { Length: > 0 } folder)
                await _page.ScreenshotAsync(
                    new() { Path = Path.Combine(folder, $"{name}.png"), Animations = ScreenshotAnimations.Disabled }
                );
            Assert.InRange(took, TimeSpan.Zero, Named);
            await NothingIsGreenWhereItActsAsync(concern);
        }

        if (name == "leader-killed")
            return;
        var ended = Stopwatch.GetTimestamp();
        await Expect(Problems).ToHaveCountAsync(0, new() { Timeout = GoneMs });
        output.WriteLine($"{name}: gone after {Stopwatch.GetElapsedTime(ended).TotalSeconds:0.0} s");
        Assert.True(await ConsoleBrowser.IsStillTheSameAsync(_page));
    }

    /// <param name="Pages">That the fault concerns, beside the overview.</param>
    /// <param name="Of">What is sick, as the first of these pages names it in a list.</param>
    /// <param name="IsAllOld">Nothing can be read.</param>
    private sealed record Concern(IReadOnlyList<string> Pages, string? Of = null, bool IsAllOld = false);

    private static Both Kill(int processId)
    {
        NodeProcess.KillNow(processId);
        return new Both();
    }

    private sealed class Both(params IDisposable[] all) : IDisposable
    {
        public void Dispose()
        {
            foreach (var one in all)
                one.Dispose();
        }
    }
}
