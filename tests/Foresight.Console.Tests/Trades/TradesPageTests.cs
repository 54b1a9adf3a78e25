using Bunit;
using Foresight.Console.Trades;
using Foresight.Protocol;
using Microsoft.AspNetCore.Components;

namespace Foresight.Console.Tests.Trades;

public sealed class TradesPageTests : ConsoleContext
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    private IReadOnlyList<TradeView> _trades = [Samples.Trade()];

    public TradesPageTests()
    {
        Api.Answer("/trades", () => new Page<TradeView>(_trades, "older one"));
        Api.Answer("/markets", () => new[] { Samples.Market() });
    }

    [Fact]
    public void Trade_IsShownWithItsMarketsWords()
    {
        var page = Render<TradesPage>();
        page.WaitForAssertion(() =>
            Assert.Equal(
                ["42", "11:59:30 30 s ago", "Will it rain on day 7?", "Yes", "buy", "0.420", "12.50", "direct", "matched", "", ""],
                Rows(page).Single()
            )
        );
        Assert.Contains("/markets/7", Links(page));
        Assert.Contains("/trades/42", Links(page));
    }

    [Fact]
    public void TradeOfAMarketThatIsNotKnown_IsShownAllTheSame()
    {
        _trades =
        [
            Samples.Trade() with
            {
                MarketId = 8,
                OutcomeIndex = 1,
                TransactionHash = "0x1234567890abcdef9f02",
                BlockNumber = 1_234,
            },
        ];
        var page = Render<TradesPage>();
        page.WaitForAssertion(() => Assert.Equal(["Market 8", "outcome 1", "buy", "0.4200"], Rows(page).Single()[2..6]));
        Assert.Equal(["0x123456…9f02", "1,234"], Rows(page).Single()[9..]);
    }

    [Fact]
    public void TradeOfALaterShard_HasTheNumberWithoutItsShard()
    {
        _trades = [Samples.Trade(id: (3L << 48) + 17)];
        var page = Render<TradesPage>();
        page.WaitForAssertion(() => Assert.Equal("17", Rows(page).Single()[0]));
    }

    [Fact]
    public void NoTrade_IsNotTheSameAs_NoTradeWithTheseFilters()
    {
        _trades = [];
        var page = Render<TradesPage>();
        page.WaitForAssertion(() => Assert.Contains("No trade yet", Text(page)));

        Field(page, "Settlement").Change(TradeStates.Failed);
        page.WaitForAssertion(() => Assert.Contains("No trade with these filters", Text(page)));
    }

    [Fact]
    public void Filter_GoesIntoTheAddress_ForgetsThePlace_AndIsAskedAtOnce()
    {
        Navigation.NavigateTo("/trades?cursor=abc&market=7");
        var page = Render<TradesPage>();
        page.WaitForAssertion(() => Assert.Contains("/trades?market=7&limit=50&cursor=abc", Api.Asked));
        Assert.Contains("an older page; it changes only in settlement", Text(page));

        Field(page, "Settlement").Change(TradeStates.Mined);
        Assert.Equal("/trades?market=7&settlement=mined", Address);
        page.WaitForAssertion(() => Assert.Contains("/trades?market=7&settlement=mined&limit=50", Api.Asked));

        Field(page, "Market").Change("");
        Assert.Equal("/trades?settlement=mined", Address);
    }

    [Fact]
    [Trait("Category", "Console")]
    public void Reason_IsAFilter_UntilItIsTakenAway_OrAnotherStateIsChosen()
    {
        Navigation.NavigateTo("/trades?settlement=failed&reason=balance_moved&cursor=abc");
        var page = Render<TradesPage>();
        page.WaitForAssertion(() => Assert.Contains("/trades?settlement=failed&reason=balance_moved&limit=50&cursor=abc", Api.Asked));
        Assert.StartsWith("balance moved", Text(page.Find("[data-testid=reason]")), StringComparison.Ordinal);
        Assert.Contains("http://localhost/trades?settlement=failed", Links(page));

        Field(page, "Settlement").Change(TradeStates.Mined);
        Assert.Equal("/trades?settlement=mined", Address);
        Assert.Empty(page.FindAll("[data-testid=reason]"));
    }

    [Fact]
    [Trait("Category", "Console")]
    public void Account_IsAFilter_UntilItIsTakenAway()
    {
        Navigation.NavigateTo($"/trades?account={Samples.Account}&settlement=final&cursor=abc");
        var page = Render<TradesPage>();
        page.WaitForAssertion(() => Assert.Contains($"/trades?account={Samples.Account}&settlement=final&limit=50&cursor=abc", Api.Asked));
        Assert.StartsWith("0x0000", Text(page.Find("[data-testid=account]")), StringComparison.Ordinal);
        Assert.Contains("http://localhost/trades?settlement=final", Links(page));
    }

    [Fact]
    public void Pages_AreLinkedWithTheirFilters()
    {
        Navigation.NavigateTo("/trades?market=7");
        var page = Render<TradesPage>();
        page.WaitForAssertion(() => Assert.Contains("http://localhost/trades?market=7&cursor=older%20one", Links(page)));
        Assert.Equal(["Older"], page.FindAll(".pager a").Select(link => Text(link)));
    }

    [Fact]
    public void Sort_IsOfTheAddress_IsTheApis_AndStaysUnderUpdates()
    {
        Navigation.NavigateTo("/trades?settlement=final&cursor=abc");
        var page = Render<TradesPage>();
        page.WaitForAssertion(() => Assert.Contains("http://localhost/trades?settlement=final&sort=-blockNumber", Links(page)));

        Navigation.NavigateTo("/trades?settlement=final&sort=-blockNumber");
        page.WaitForAssertion(() => Assert.Contains("/trades?settlement=final&sort=-blockNumber&limit=50", Api.Asked));
        page.WaitForAssertion(() => Assert.Contains("those that are in a block", Text(page)));
        var asked = Api.Answered("/trades?settlement=final&sort=-blockNumber&limit=50");
        for (var i = 0; i < 20; i++)
            Clock.Advance(Pause);
        page.WaitForAssertion(() => Assert.True(Api.Answered("/trades?settlement=final&sort=-blockNumber&limit=50") > asked));
        Assert.Equal("/trades?settlement=final&sort=-blockNumber", Address);
        Assert.Equal("descending", page.Find("th[aria-sort]").GetAttribute("aria-sort"));
        Assert.DoesNotContain("/trades?settlement=final&limit=50", Api.Asked);
    }

    /// <summary>What the Api cannot sort over all pages must not look as if it could be.</summary>
    [Fact]
    public void OnlyWhatAnIndexAnswers_LooksSortable()
    {
        var page = Render<TradesPage>();
        page.WaitForAssertion(() => Assert.Single(Rows(page)));
        var sortable = page.FindAll("[data-list-sort]").Select(head => head.GetAttribute("data-list-sort")!).ToList();
        Assert.Equal(["tradeId", "executedAt", "marketId", "blockNumber"], sortable);
        Assert.All(
            page.FindAll("[data-list-sort]"),
            head => Assert.Contains(TradeSorts.All, sort => head.GetAttribute("href")!.EndsWith($"sort={sort}", StringComparison.Ordinal))
        );
        Assert.Equal(TradeSorts.All.Select(sort => sort.TrimStart('-')).Distinct(), sortable);
    }

    [Fact]
    public void UnchangedReading_IsDrawnOnceASecond_ForTheAges()
    {
        var page = Render<TradesPage>();
        page.WaitForAssertion(() => Assert.Contains("30 s ago", Text(page)));
        page.WaitForAssertion(() => Assert.Equal(1, Api.Answered("/markets")));
        Clock.Advance(TimeSpan.FromMilliseconds(250));
        page.WaitForAssertion(() => Assert.Equal(2, Api.Answered("/trades?limit=50")));
        var drawn = page.RenderCount;
        Clock.Advance(TimeSpan.FromMilliseconds(250));
        page.WaitForAssertion(() => Assert.Equal(3, Api.Answered("/trades?limit=50")));
        Assert.Equal(drawn, page.RenderCount);

        Clock.Advance(TimeSpan.FromMilliseconds(500));
        page.WaitForAssertion(() => Assert.Contains("31 s ago", Text(page)));
    }

    [Fact]
    public void PageOnItsWayFromTheServer_AsksNothing()
    {
        SetRendererInfo(new RendererInfo("Static", isInteractive: false));
        Render<TradesPage>();
        Assert.Empty(Api.Asked);
    }

    [Fact]
    public void OpenPage_ReadsInItsRhythm()
    {
        var page = Render<TradesPage>();
        page.WaitForAssertion(() => Assert.Equal("matched", Rows(page).Single()[8]));
        _trades = [Samples.Trade(settlement: TradeStates.Mined)];
        Clock.Advance(Pause);
        page.WaitForAssertion(() => Assert.Equal("mined", Rows(page).Single()[8]));
    }

    [Fact]
    public void Outage_KeepsWhatWasRead_AndSaysHowOldItIs()
    {
        var page = Render<TradesPage>();
        page.WaitForAssertion(() => Assert.Single(Rows(page)));
        Api.Problem("/trades", 503, ProblemCodes.Unavailable);
        Clock.Advance(Pause);
        page.WaitForAssertion(() => Assert.Contains("stale since 12:00:00", Text(page)));
        Assert.Single(Rows(page));

        Api.Answer("/trades", () => new Page<TradeView>([], null));
        Clock.Advance(Pause);
        page.WaitForAssertion(() => Assert.DoesNotContain("stale", Text(page)));
    }

    [Fact]
    public void OutageFromTheStart_IsNotAnEmptyList()
    {
        Api.Problem("/trades", 503, ProblemCodes.Unavailable);
        var page = Render<TradesPage>();
        page.WaitForAssertion(() => Assert.Contains("Nothing could be read yet node-1: because of unavailable", Text(page)));
        Assert.DoesNotContain("No trade", Text(page));
    }

    [Fact]
    public async Task AnswerToAnEarlierQuestion_DoesNotReplaceThatToALaterOne()
    {
        var early = Api.Hold("/trades?limit=50");
        var page = Render<TradesPage>();
        _trades = [Samples.Trade(settlement: TradeStates.Mined)];
        Field(page, "Settlement").Change(TradeStates.Mined);
        page.WaitForAssertion(() => Assert.Equal("mined", Rows(page).Single()[8]));

        _trades = [Samples.Trade(settlement: TradeStates.Failed)];
        // From a thread without a synchronization context, so that everything up to the page runs within the call.
        await Task.Run(early.SetResult);
        Assert.Equal(1, Api.Answered("/trades?limit=50"));
        // Queued behind the page's own step in the circuit, so it returns after that step.
        await page.InvokeAsync(() => { });
        Assert.Equal("mined", Rows(page).Single()[8]);
    }

    [Fact]
    public async Task PageThatWasLeft_AsksNoMore()
    {
        var page = Render<TradesPage>();
        page.WaitForAssertion(() => Assert.Single(Rows(page)));
        await DisposeComponentsAsync();
        var asked = Api.Asked.Count;
        Clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(asked, Api.Asked.Count);
    }
}
