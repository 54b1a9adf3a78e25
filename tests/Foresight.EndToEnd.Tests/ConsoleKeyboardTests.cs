using System.Net.Http.Json;
using System.Text.RegularExpressions;
using Aspire.Hosting.Testing;
using Foresight.EndToEnd.Tests.Stack;
using Foresight.Protocol;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Foresight.EndToEnd.Tests;

/// <summary>
/// What operators do, without a mouse: keys alone reach everything, and at each stop one sees where one is (WCAG 2.4.7 and 2.4.11).
/// </summary>
[Trait("Category", "Console")]
[Collection(ConsoleCollection.Name)]
public sealed class ConsoleKeyboardTests(ConsoleFixture stack) : IAsyncLifetime
{
    private const string ByKeys = "decided by keys";
    private const string Reason = "Asked the maker by telephone: it is explained.";

    private ConsoleBrowser _browser = null!;

    public async Task InitializeAsync() => _browser = await ConsoleBrowser.StartAsync(stack.App.GetEndpoint("console"));

    public async Task DisposeAsync()
    {
        await _browser.DisposeAsync();
        await stack.RemoveDiscrepanciesAsync(ByKeys);
    }

    [Theory]
    [InlineData(ColorScheme.Light, ForcedColors.None)]
    [InlineData(ColorScheme.Dark, ForcedColors.None)]
    [InlineData(ColorScheme.Dark, ForcedColors.Active)]
    public async Task ACriticalDiscrepancy_IsResolved(ColorScheme scheme, ForcedColors forced)
    {
        var id = (await stack.DiscrepanciesAsync(1, ByKeys, severity: Severities.Critical))[0];
        var keys = await SignInAsync(scheme, forced);
        await keys.PressAsync("g", "r");
        await Expect(keys.Page.GetByRole(AriaRole.Heading, new() { Name = "Reconciliation", Level = 1 })).ToBeVisibleAsync();

        await keys.GoToAsync(keys.Page.GetByLabel("Severity"));
        await keys.ChooseAsync(Severities.Critical);
        await Expect(keys.Page).ToHaveURLAsync(new Regex("severity=critical"));
        await keys.GoToAsync(keys.Page.Locator($"[data-testid='discrepancy-link'][href^='/reconciliation/discrepancies/{id}']"));
        await keys.PressAsync("Enter");
        await Expect(keys.Page).ToHaveURLAsync(new Regex($"/reconciliation/discrepancies/{id}"));
        await keys.GoToAsync(keys.Page.Locator("#decision-note"));
        await keys.Page.Keyboard.TypeAsync(Reason);
        await Expect(keys.Page.GetByTestId("resolve")).ToBeEnabledAsync();
        await keys.GoToAsync(keys.Page.GetByTestId("resolve"));
        await keys.PressAsync("Enter");

        await Expect(keys.Page.Locator(".page-head").GetByText(DiscrepancyStates.Resolved, new() { Exact = true })).ToBeVisibleAsync();
        await Expect(keys.Page.GetByTestId("note")).ToHaveTextAsync(Reason);
        Assert.InRange(keys.Stops, 4, Keys.Most);
    }

    [Fact]
    public async Task ManyDiscrepancies_AreDecidedTogether()
    {
        await stack.DiscrepanciesAsync(3, ByKeys, severity: Severities.Critical);
        var keys = await SignInAsync(ColorScheme.Light, ForcedColors.None);
        await keys.PressAsync("g", "r");
        await Expect(keys.Page.GetByRole(AriaRole.Heading, new() { Name = "Reconciliation", Level = 1 })).ToBeVisibleAsync();
        await keys.GoToAsync(keys.Page.GetByTestId("filter-text"));
        await keys.Page.Keyboard.TypeAsync(ByKeys);
        await keys.PressAsync("Enter");
        await Expect(keys.Page.GetByTestId("discrepancy-link")).ToHaveCountAsync(3);
        await keys.GoToAsync(keys.Page.GetByTestId("select-all"));
        await keys.PressAsync("Space");
        var bulk = keys.Page.GetByTestId("bulk");
        await Expect(bulk).ToContainTextAsync("3 selected");
        // It has appeared above the list.
        await keys.GoToAsync(bulk.GetByLabel("What to do with them"), backwards: true);
        await keys.ChooseAsync(DiscrepancyActions.Acknowledge);
        await keys.GoToAsync(bulk.GetByTestId("bulk-note"));
        await keys.Page.Keyboard.TypeAsync(Reason);
        await Expect(bulk.GetByTestId("bulk-apply")).ToBeEnabledAsync();
        await keys.GoToAsync(bulk.GetByTestId("bulk-apply"));
        await keys.PressAsync("Enter");
        await keys.GoToAsync(keys.Page.GetByTestId("bulk-confirm"));
        await keys.PressAsync("Space");
        await Expect(keys.Page.GetByTestId("discrepancies").GetByText(DiscrepancyStates.Acknowledged, new() { Exact = true }))
            .ToHaveCountAsync(3);
    }

    /// <summary>
    /// A key may come before the server has answered the one before. If the answer drew that older choice again, the next key would go on
    /// from there, and another act would be chosen than the one the hand had counted to.
    /// </summary>
    [Fact]
    public async Task AChoice_IsNotDrawnAgain_ByTheServersAnswerToTheOneBefore()
    {
        await stack.DiscrepanciesAsync(1, ByKeys);
        var page = (await SignInAsync(ColorScheme.Light, ForcedColors.None)).Page;
        await page.GotoAsync($"/reconciliation?text={Uri.EscapeDataString(ByKeys)}");
        await page.GetByTestId("select").CheckAsync();
        var choice = page.GetByTestId("bulk").GetByLabel("What to do with them");
        await ChooseFastAsync(choice, DiscrepancyActions.Ignore, DiscrepancyActions.Assign);
        // The server has heard of both.
        await Expect(page.GetByTestId("bulk-assignee")).ToBeVisibleAsync();
        Assert.Empty(await DrawnAsync(choice));
        await Expect(choice).ToHaveValueAsync(DiscrepancyActions.Assign);
    }

    /// <summary>Its value comes back by the address, which takes longer.</summary>
    [Fact]
    public async Task AFilter_IsNotDrawnAgain_ByTheAddressOfTheOneBefore()
    {
        var keys = await SignInAsync(ColorScheme.Light, ForcedColors.None);
        var page = keys.Page;
        await keys.PressAsync("g", "r");
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Reconciliation", Level = 1 })).ToBeVisibleAsync();
        var severity = page.GetByLabel("Severity");
        await ChooseFastAsync(severity, Severities.High, Severities.Medium, Severities.Critical);
        await Expect(page).ToHaveURLAsync(new Regex("severity=critical"));
        Assert.Empty(await DrawnAsync(severity));
        await Expect(severity).ToHaveValueAsync(Severities.Critical);
    }

    /// <summary>All in one moment, and from then on what the page writes into the control is recorded.</summary>
    private static Task ChooseFastAsync(ILocator choice, params string[] values) =>
        choice.EvaluateAsync(
            """
            (select, choices) => {
              const own = Object.getOwnPropertyDescriptor(HTMLSelectElement.prototype, "value");
              for (const value of choices) {
                own.set.call(select, value);
                select.dispatchEvent(new Event("change", { bubbles: true }));
              }
              select.drawn = [];
              const set = value => { select.drawn.push(value); own.set.call(select, value); };
              Object.defineProperty(select, "value", { get: () => own.get.call(select), set, configurable: true });
            }
            """,
            values
        );

    private static Task<string[]> DrawnAsync(ILocator choice) => choice.EvaluateAsync<string[]>("select => select.drawn");

    [Fact]
    public async Task AMarket_IsPaused()
    {
        await stack.WaitUntilTradingAsync();
        var market = stack.Markets[2];
        var keys = await SignInAsync(ColorScheme.Light, ForcedColors.None);
        try
        {
            await keys.PressAsync("g", "m");
            await Expect(keys.Page.GetByRole(AriaRole.Heading, new() { Name = "Markets", Level = 1 })).ToBeVisibleAsync();
            await keys.GoToAsync(keys.Page.Locator($"main a.market-link[href='/markets/{market.Id}']"));
            await keys.PressAsync("Enter");
            await Expect(keys.Page).ToHaveURLAsync(new Regex($"/markets/{market.Id}$"));
            await keys.GoToAsync(keys.Page.Locator("#act-note"));
            await keys.Page.Keyboard.TypeAsync("Its question is ambiguous.");
            await Expect(keys.Page.GetByTestId("act-pause")).ToBeEnabledAsync();
            await keys.GoToAsync(keys.Page.GetByTestId("act-pause"));
            await keys.PressAsync("Enter");
            await Expect(keys.Page.Locator(".page-head").GetByText(MarketStates.Paused, new() { Exact = true })).ToBeVisibleAsync();
        }
        finally
        {
            await ResumeAsync(market.Id);
        }
    }

    /// <summary>Two keys, because other tests trade in it.</summary>
    private async Task ResumeAsync(int market)
    {
        foreach (var key in new[] { stack.AdaKey, stack.GraceKey })
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(new Uri(stack.ApiUrl(1)), $"admin/markets/{market}/acts"));
            request.Headers.Authorization = new("Bearer", key);
            request.Content = JsonContent.Create(new MarketActRequest(MarketActions.Resume, "The test is over."));
            using var answer = await stack.Http.SendAsync(request);
        }

        await Eventually.TrueAsync(
            "the market is open again",
            Eventually.Patience,
            async () => (await stack.Api.GetAsync<MarketView>($"markets/{market}", CancellationToken.None)) is { State: MarketStates.Open }
        );
    }

    /// <summary>Signing in is the browser's own form; what is tested begins behind it.</summary>
    private async Task<Keys> SignInAsync(ColorScheme scheme, ForcedColors forced)
    {
        var page = await _browser.SignInAsync("Ada", stack.AdaKey, scheme);
        // A ring that fades in would be looked at while it does.
        await page.EmulateMediaAsync(
            new()
            {
                ColorScheme = scheme,
                ForcedColors = forced,
                ReducedMotion = ReducedMotion.Reduce,
            }
        );
        // Until the page is live, its circuit replaces what the server drew.
        await Expect(page.GetByTestId("leader")).ToBeVisibleAsync();
        return new Keys(page);
    }

    private sealed class Keys(IPage page)
    {
        /// <summary>Further away than this nothing on a page may be.</summary>
        public const int Most = 150;

        public IPage Page => page;

        public int Stops { get; private set; }

        public async Task PressAsync(params string[] keys)
        {
            foreach (var key in keys)
                await page.Keyboard.PressAsync(key);
        }

        /// <summary>By Tab, and at each stop on the way one sees where one is.</summary>
        public async Task GoToAsync(ILocator what, bool backwards = false)
        {
            await Expect(what).ToBeVisibleAsync();
            for (var stops = 0; stops < Most; stops++)
            {
                await page.Keyboard.PressAsync(backwards ? "Shift+Tab" : "Tab");
                Stops++;
                var lacks = await page.EvaluateAsync<string?>(WhatAFocusLacks);
                Assert.True(lacks is null, $"{new Uri(page.Url).AbsolutePath}: {lacks}");
                if (await what.EvaluateAsync<bool>("element => element === document.activeElement"))
                    return;
            }

            Assert.Fail($"{what} is not reached by {Most} times Tab on {page.Url}.");
        }

        /// <summary>In the list of choices that has the focus.</summary>
        public async Task ChooseAsync(string value)
        {
            const string Chosen = "() => document.activeElement.value";
            for (var i = 0; i < 12 && await page.EvaluateAsync<string>(Chosen) != value; i++)
                await page.Keyboard.PressAsync("ArrowDown");
            Assert.Equal(value, await page.EvaluateAsync<string>(Chosen));
        }

        /// <summary>
        /// A ring of 2 px on what has the focus or on the field around it, which stands out from what is around it by 3 : 1, and the thing
        /// itself in sight. Null if it has all of it.
        /// </summary>
        private const string WhatAFocusLacks = """
            () => {
              const element = document.activeElement;
              // Behind the last element the browser's own frame has the focus, and then the first.
              if (!element || element === document.body) return null;
              const name = element.outerHTML.slice(0, 200);
              const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
              const rgba = colour => {
                canvas.clearRect(0, 0, 1, 1);
                canvas.fillStyle = colour;
                canvas.fillRect(0, 0, 1, 1);
                return [...canvas.getImageData(0, 0, 1, 1).data];
              };
              const light = ([r, g, b]) => {
                const part = one => (one /= 255) <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4;
                return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
              };
              const contrast = (one, other) => {
                const [high, low] = [light(one), light(other)].sort((a, b) => b - a);
                return (high + 0.05) / (low + 0.05);
              };
              const ground = of => {
                for (let one = of; one; one = one.parentElement) {
                  const colour = rgba(getComputedStyle(one).backgroundColor);
                  if (colour[3] === 255) return colour;
                }
                return rgba("Canvas");
              };

              const field = element.closest(".mud-input, .lookup-field");
              const rings = [];
              for (const one of [element, ...(field ? [field, ...field.querySelectorAll("*")] : [])]) {
                const style = getComputedStyle(one);
                if (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2) rings.push(style.outlineColor);
                const isFramed = style.borderTopStyle !== "none" && parseFloat(style.borderTopWidth) >= 2;
                if (one !== element && isFramed) rings.push(style.borderTopColor);
                const shadow = /^(.*?\)) .*inset$/.exec(style.boxShadow);
                if (one === field && shadow) rings.push(shadow[1]);
              }
              if (rings.length === 0) return `no ring is drawn at ${name}`;
              const around = ground((field ?? element).parentElement);
              // A reader's own colour may let some of the ground through.
              const over = ([r, g, b, a]) => [r, g, b].map((one, i) => (one * a + around[i] * (255 - a)) / 255);
              if (!rings.some(ring => contrast(over(rgba(ring)), around) >= 3))
                return `the ring in ${rings} does not stand out from ${around} at ${name}`;

              const box = element.getBoundingClientRect();
              const points = [[0.5, 0.5], [0.1, 0.5], [0.9, 0.5], [0.5, 0.1], [0.5, 0.9]];
              const isSeen = points.some(([x, y]) => {
                const hit = document.elementFromPoint(box.left + box.width * x, box.top + box.height * y);
                return hit && (element.contains(hit) || hit.contains(element));
              });
              return isSeen ? null : `out of sight or covered at ${Math.round(box.left)}, ${Math.round(box.top)}: ${name}`;
            }
            """;
    }
}
