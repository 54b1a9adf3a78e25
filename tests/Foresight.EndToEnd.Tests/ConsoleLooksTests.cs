using Aspire.Hosting.Testing;
using Foresight.EndToEnd.Tests.Stack;
using Foresight.Protocol;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Foresight.EndToEnd.Tests;

/// <summary>What only a browser knows: whether a style reaches its element, and whether a line fits.</summary>
[Trait("Category", "Console")]
[Collection(ConsoleCollection.Name)]
public sealed class ConsoleLooksTests(ConsoleFixture stack) : IAsyncLifetime
{
    private ConsoleBrowser _browser = null!;
    private IPage _page = null!;

    public async Task InitializeAsync()
    {
        _browser = await ConsoleBrowser.StartAsync(stack.App.GetEndpoint("console"));
        _page = await _browser.SignInAsync("Ada Lovelace", stack.AdminKey);
    }

    public async Task DisposeAsync() => await _browser.DisposeAsync();

    [Fact]
    public async Task CopyButton_BesideAMarketsTabs_HasItsIcon_AndNoBox()
    {
        await _page.GotoAsync("/markets/1");
        var copy = _page.Locator(".tabs .copy");
        await Expect(copy).ToHaveCSSAsync("border-top-width", "0px");
        await Expect(copy).ToHaveCSSAsync("width", "24px");
        await Expect(copy).ToHaveCSSAsync("padding-left", "0px");
    }

    [Fact]
    public async Task Terms_FitIntoTheirTile_AndAnOrdersStageIntoItsLine()
    {
        var trade = await stack.SettledTradeAsync();
        await stack.FailoverOfLastNightAsync();
        await _page.GotoAsync("/failovers");
        var list = _page.Locator(".list .mud-table-container").First;
        await Expect(_page.GetByText(ConsoleSeed.LastNightsLeader)).ToBeVisibleAsync();
        Assert.True(await list.EvaluateAsync<bool>("list => list.scrollWidth <= list.clientWidth"));

        await _page.GotoAsync($"/trades/{trade.TradeId}");
        await _page.Locator("main a[href^='/orders/']").First.ClickAsync();
        var mined = _page.Locator(".life-stage").Filter(new() { Has = _page.GetByText("mined", new() { Exact = true }) });
        await Expect(mined.Locator(".life-block")).ToBeVisibleAsync();
        // One line, and every block number at the same place.
        Assert.InRange(await mined.EvaluateAsync<double>("stage => stage.getBoundingClientRect().height"), 1, 36);
        var places = await _page
            .Locator(".life-block")
            .EvaluateAllAsync<double[]>("blocks => blocks.map(block => block.getBoundingClientRect().x)");
        Assert.Single(places.Distinct());
    }

    [Fact]
    public async Task FactsBeginNearTheirTitle_AndTheirTileEndsWithThem()
    {
        var trade = await stack.SettledTradeAsync();
        await _page.GotoAsync($"/trades/{trade.TradeId}");
        var facts = _page.Locator("dl.facts-wide").First;
        await Expect(facts).ToBeVisibleAsync();
        Assert.InRange(
            await facts.EvaluateAsync<double>(
                """
                facts => {
                  const tile = facts.closest(".tile").getBoundingClientRect();
                  return tile.bottom - facts.getBoundingClientRect().bottom;
                }
                """
            ),
            0,
            24
        );
        await Expect(facts).ToHaveCSSAsync("margin-top", "0px");
    }
}
