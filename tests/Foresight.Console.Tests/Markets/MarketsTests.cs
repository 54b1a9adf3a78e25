using System.Collections.Immutable;
using Bunit;
using Foresight.Console.MarketData;
using Foresight.Console.Markets;
using Foresight.Protocol;

namespace Foresight.Console.Tests.Markets;

public sealed class MarketsTests : ConsoleContext
{
    [Fact]
    public void List_ShowsQuotes_AndADashWhereNothingTraded()
    {
        Api.Answer("/markets", () => new[] { Samples.Market(7, stats: Samples.Stats()), Samples.Market(8, MarketStates.Paused) });
        var page = Render<MarketsPage>();
        page.WaitForAssertion(() => Assert.Contains("2 listed", Text(page)));
        Assert.Equal(["Will it rain on day 7? Yes · No", "open", "0.420", "42.0%", "0.415", "0.425", "1,234", "518", "31"], Rows(page)[0]);
        Assert.Equal(["Will it rain on day 8? Yes · No", "paused", "–", "no trade yet", "–", "–", "–", "–", "–"], Rows(page)[1]);
        Assert.Contains("/markets/8", Links(page));
    }

    [Fact]
    [Trait("Category", "Firm")]
    public void MarketOfFirmOrdersAlone_HasAChip_InTheListAndOnItsPage()
    {
        var firm = Samples.Market(8) with { FirmOnly = true };
        Api.Answer("/markets", () => new[] { Samples.Market(), firm });
        var list = Render<MarketsPage>();
        list.WaitForAssertion(() => Assert.Equal(["open", "open firm only"], Rows(list).Select(row => row[1])));
        Api.Answer("/markets/7", () => Samples.Market());
        Api.Answer("/markets/8", () => firm);
        var page = Render<MarketPage>(set => set.Add(shown => shown.Id, 8));
        page.WaitForAssertion(() => Assert.Contains("firm only", Text(page.Find(".page-head"))));
        var other = Render<MarketPage>(set => set.Add(shown => shown.Id, 7));
        other.WaitForAssertion(() => Assert.DoesNotContain("firm only", Text(other.Find(".page-head"))));
    }

    [Fact]
    public void SortAndPageOfTheList_StayUnderLiveUpdates()
    {
        var count = 60;
        Api.Answer("/markets", () => Enumerable.Range(1, count).Select(id => Samples.Market(id)).ToArray());
        Navigation.NavigateTo("/markets?sort=-market&page=2");
        var page = Render<MarketsPage>();
        page.WaitForAssertion(() => Assert.Equal(10, Rows(page).Length));
        Assert.Contains("51–60 of 60 First Previous page 2 of 2", Text(page));

        for (count = 61; count < 66; count++)
        {
            Clock.Advance(TimeSpan.FromSeconds(1));
            page.WaitForAssertion(() => Assert.Contains($"51–{count} of {count}", Text(page)));
        }

        Assert.Equal("/markets?sort=-market&page=2", Address);
        Assert.Equal("descending", page.Find("th[aria-sort]").GetAttribute("aria-sort"));
    }

    [Fact]
    public void Filters_AreOfTheAddress_AreTheApis_AndStayUnderUpdates()
    {
        Api.Answer("/markets", () => new[] { Samples.Market(), Samples.Market(8) });
        Api.Answer("/markets?state=paused", () => new[] { Samples.Market(8, MarketStates.Paused) });
        Navigation.NavigateTo("/markets?page=2&sort=-market");
        var page = Render<MarketsPage>();
        page.WaitForAssertion(() => Assert.Equal(2, Rows(page).Length));
        Field(page, "State").Change(MarketStates.Paused);
        Assert.Equal("/markets?sort=-market&state=paused", Address);
        page.WaitForAssertion(() => Assert.Contains("1 with these filters", Text(page)));
        Field(page, "Text in the question, id or address").Change("day 8");
        Assert.Equal("/markets?sort=-market&state=paused&text=day%208", Address);
        const string Asked = "/markets?state=paused&text=day%208";
        page.WaitForAssertion(() => Assert.Contains(Asked, Api.Asked));
        Assert.Contains("/export/markets?format=csv&sort=-market&state=paused&text=day%208", Links(page));
        var asked = Api.Answered(Asked);
        Clock.Advance(TimeSpan.FromSeconds(1));
        page.WaitForAssertion(() => Assert.True(Api.Answered(Asked) > asked));
        Assert.Single(Rows(page));

        Api.Answer("/markets?state=paused", Array.Empty<MarketView>);
        Clock.Advance(TimeSpan.FromSeconds(1));
        page.WaitForAssertion(() => Assert.Contains("No market with these filters", Text(page)));
    }

    [Fact]
    public void StateThatThereIsNot_IsAnErrorOfTheAddress()
    {
        Api.Problem("/markets", 400, ProblemCodes.MalformedRequest);
        Navigation.NavigateTo("/markets?state=halted");
        var page = Render<MarketsPage>();
        page.WaitForAssertion(() => Assert.Contains("This address cannot be answered because of malformed_request", Text(page)));
    }

    [Fact]
    public void Market_ShowsItsTradesAndQuotes_WhileItsBookIsOnTheWay()
    {
        Api.Answer("/markets/7", () => Samples.Market(stats: Samples.Stats()));
        Api.Answer("/markets/7/trades", () => new[] { Samples.Trade(42), Samples.Trade(41, outcome: 1, price: "0.57") });
        var page = Render<MarketPage>(set => set.Add(shown => shown.Id, 7));
        page.WaitForAssertion(() => Assert.Single(Rows(page)));
        Assert.Contains("Last price 0.420 Best bid – Best ask – Shares 24 h 1,234 USDC 24 h 518 Trades 24 h 31", Text(page));
        Assert.Equal(["11:59:30", "Yes", "buy", "0.420", "12.50", "direct", "matched"], Rows(page)[0]);
        Assert.DoesNotContain("The book is empty", Text(page));
        Assert.Contains("/trades?market=7", Links(page));
    }

    [Fact]
    public void Outcome_IsPartOfTheAddress_TheFirstWithoutSayingSo()
    {
        Api.Answer("/markets/7", () => Samples.Market());
        Api.Answer("/markets/7/trades", Array.Empty<TradeView>);
        Navigation.NavigateTo("/markets/7");
        var page = Render<MarketPage>(set => set.Add(shown => shown.Id, 7));
        page.WaitForAssertion(() => Assert.True(HasButton(page, "No")));
        Button(page, "No").Click();
        Assert.Equal("/markets/7?outcome=1", Address);
        Button(page, "Yes").Click();
        Assert.Equal("/markets/7", Address);
    }

    [Theory]
    [Trait("Category", "Console")]
    [InlineData("x")]
    [InlineData("-1")]
    [InlineData("99999999999999999999")]
    public void OutcomeThatIsNoNumber_IsTheFirst_AndNoOutage(string outcome)
    {
        Api.Answer("/markets/7", () => Samples.Market());
        Api.Answer("/markets/7/trades", Array.Empty<TradeView>);
        Navigation.NavigateTo($"/markets/7?outcome={outcome}");
        var page = Render<MarketPage>(set => set.Add(shown => shown.Id, 7));
        page.WaitForAssertion(() => Assert.True(HasButton(page, "No")));
    }

    [Fact]
    public void OtherOutcome_HasItsOwnTradesAndLastPrice_AndNoneOfThemIsNew()
    {
        Api.Answer("/markets/7", () => Samples.Market(stats: Samples.Stats()));
        Api.Answer("/markets/7/trades", () => new[] { Samples.Trade(42), Samples.Trade(41), Samples.Trade(40, outcome: 1, price: "0.57") });
        Navigation.NavigateTo("/markets/7");
        var page = Render<MarketPage>(set => set.Add(shown => shown.Id, 7));
        page.WaitForAssertion(() => Assert.Equal(2, Rows(page).Length));
        Navigation.NavigateTo("/markets/7?outcome=1");
        page.WaitForAssertion(() =>
            Assert.Equal(["11:59:30", "No", "buy", "0.570", "12.50", "direct", "matched"], Assert.Single(Rows(page)))
        );
        Assert.Contains("Last price 0.570", Text(page));
        Navigation.NavigateTo("/markets/7");
        page.WaitForAssertion(() => Assert.Equal(2, Rows(page).Length));
        Assert.Empty(page.FindAll(".fresh"));
    }

    [Fact]
    public void MarketThatIsNotThere_SaysWhy()
    {
        Api.Problem("/markets/99", 404, ProblemCodes.NotFound);
        var page = Render<MarketPage>(set => set.Add(shown => shown.Id, 99));
        page.WaitForAssertion(() => Assert.Contains("There is no such market because of not_found", Text(page)));
    }

    [Fact]
    public void Ladder_HasTheAsksAboveTheBids_AndTheSpreadBetween()
    {
        var shown = Ladder(
            [new BookLevel(4_100, 150, 150), new BookLevel(4_000, 50, 200)],
            [new BookLevel(4_300, 100, 100), new BookLevel(4_400, 1, 101)]
        );
        Assert.Equal(
            ["0.440|0.01|1.01", "0.430|1.00|1.00", "spread 0.020 · middle 0.420", "0.410|1.50|1.50", "0.400|0.50|2.00"],
            Rows(shown).Select(row => string.Join('|', row))
        );
    }

    [Fact]
    public void Ladder_NamesTheSideThatIsEmpty()
    {
        Assert.Contains("no bids", Text(Ladder([], [new BookLevel(4_300, 100, 100)])));
        Assert.Contains("no asks", Text(Ladder([new BookLevel(4_100, 150, 150)], [])));
        Assert.Contains("The book is empty", Text(Ladder([], [])));
    }

    [Fact]
    public void Depth_IsOfBothSides_ToTheLargestTotal()
    {
        var shown = Render<DepthCurve>(set =>
            set.Add(part => part.Bids, [new BookLevel(4_100, 150, 150), new BookLevel(4_000, 50, 200)])
                .Add(part => part.Asks, [new BookLevel(4_300, 100, 100)])
                .Add(part => part.TickSize, "0.001")
        );
        Assert.Equal("0.395 2.00 0.435", Text(shown));
        Assert.Contains("No depth", Text(Render<DepthCurve>()));
    }

    [Fact]
    public void PriceLine_IsOfOneOutcome_AndNeedsTwoTrades()
    {
        var trades = new[] { Samples.Trade(3, 0, "0.4"), Samples.Trade(2, 1, "0.5"), Samples.Trade(1, 0, "0.3") };
        Assert.Contains("0.500 0.300 30 s ago 3 trades now", Text(Line(trades, outcomes: 2)));
        Assert.Contains("0.400 0.300 30 s ago 2 trades now", Text(Line(trades, outcomes: 3)));
        Assert.Contains("Too few trades to draw", Text(Line([trades[0]], outcomes: 2)));
    }

    [Fact]
    public void FlatPrice_IsDrawnOnACentOfScale() =>
        Assert.Contains("0.410 0.400", Text(Line([Samples.Trade(2, price: "0.4"), Samples.Trade(1, price: "0.4")], outcomes: 2)));

    [Fact]
    public void Tape_ShowsTheNewestSixty()
    {
        var trades = Enumerable.Range(1, 80).Reverse().Select(id => Samples.Trade(id) with { Amount = $"{id}" }).ToList();
        var shown = Render<TradeTape>(set => set.Add(part => part.Trades, trades).Add(part => part.Market, Samples.Market()));
        Assert.Equal((60, "80.00", "21.00"), (Rows(shown).Length, Rows(shown)[0][4], Rows(shown)[^1][4]));
        Assert.Contains("No trade yet", Text(Render<TradeTape>(set => set.Add(part => part.Market, Samples.Market()))));
    }

    private IRenderedComponent<Ladder> Ladder(ImmutableArray<BookLevel> bids, ImmutableArray<BookLevel> asks) =>
        Render<Ladder>(set => set.Add(part => part.Bids, bids).Add(part => part.Asks, asks).Add(part => part.TickSize, "0.001"));

    private IRenderedComponent<PriceLine> Line(IReadOnlyList<TradeView> trades, int outcomes) =>
        Render<PriceLine>(set =>
            set.Add(part => part.Trades, trades).Add(part => part.OutcomeCount, outcomes).Add(part => part.TickSize, "0.001")
        );
}
