using System.Collections.Immutable;
using System.Globalization;
using System.Text.RegularExpressions;
using Bunit;
using Foresight.Console.MarketData;
using Foresight.Console.Markets;
using Foresight.Protocol;

namespace Foresight.Console.Tests.Markets;

public sealed class BookPartsTests : ConsoleContext
{
    /// <summary>A side of one level must reach as far as one of many, because an order that rests there is no less depth.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(9)]
    public void TheCurve_FallsAwayFromTheMiddle_ToTheEdgesOfTheFrame(int levels)
    {
        var shown = Render<DepthCurve>(set =>
            set.Add(curve => curve.Bids, Side(4_000, -10, levels)).Add(curve => curve.Asks, Side(4_100, 10, levels))
        );
        var (bids, asks) = (XsOf(shown, ".depth-bids"), XsOf(shown, ".depth-asks"));
        Assert.Equal(0, bids.Min());
        Assert.Equal(600, asks.Max());
        Assert.True(bids.Max() < asks.Min());
        Assert.Equal("Cumulative depth", shown.Find("figure svg").GetAttribute("aria-label"));
    }

    [Fact]
    public void TheCurve_IsAsHighAsTheDeeperSide_AndHasTheOtherInProportion()
    {
        var shown = Render<DepthCurve>(set =>
            set.Add(curve => curve.Bids, [new BookLevel(4_000, 100, 100)]).Add(curve => curve.Asks, [new BookLevel(4_100, 50, 50)])
        );
        Assert.Equal(4, YsOf(shown, ".depth-bids").Min());
        Assert.Equal(57, YsOf(shown, ".depth-asks").Min());
        Assert.Equal("0.40 1.00 0.42", Text(shown.Find("figcaption")));
    }

    [Fact]
    public void AtTheEndsOfThePrice_TheFrameEndsToo()
    {
        var shown = Render<DepthCurve>(set =>
            set.Add(curve => curve.Bids, [new BookLevel(1, 100, 100)]).Add(curve => curve.Asks, [new BookLevel(9_999, 100, 100)])
        );
        Assert.Equal("0.00 1.00 1.00", Text(shown.Find("figcaption")));
        Assert.All(XsOf(shown, "path"), x => Assert.InRange(x, 0, 600));
    }

    [Fact]
    public void WithoutOrders_ThereIsNoCurve() => Assert.Contains("No order rests in this outcome now.", Text(Render<DepthCurve>()));

    [Theory]
    [InlineData(1, 0, "no asks")]
    [InlineData(0, 1, "no bids")]
    [InlineData(1, 1, "spread 0.010 · middle 0.405")]
    public void TheSpread_IsBetweenTwoSides_OrTheMissingOneIsNamed(int bids, int asks, string spread)
    {
        var shown = Ladder(Side(4_000, -10, bids), Side(4_100, 10, asks));
        Assert.Equal(spread, Text(shown.Find(".spread")));
    }

    [Fact]
    public void ALongBook_ShowsTheLevelsNextToTheMiddle()
    {
        var shown = Ladder(Side(4_000, -10, 40), Side(4_100, 10, 40));
        Assert.Equal(14 + 1 + 14, Rows(shown).Length);
        Assert.Equal(["0.423", "1.00", "14.00"], Rows(shown)[0]);
        Assert.Equal("0.410", Rows(shown)[13][0]);
        Assert.Equal("0.400", Rows(shown)[15][0]);
        Assert.Equal("0.387", Rows(shown)[^1][0]);
    }

    [Fact]
    public void TheTape_MarksWhatArrivesWhileItIsOpen()
    {
        var tape = Tape(Samples.Trade(42));
        Assert.Empty(tape.FindAll(".fresh"));
        tape.Render(set => set.Add(shown => shown.Trades, [Samples.Trade(43), Samples.Trade(42)]));
        Assert.Single(tape.FindAll(".fresh"));

        var empty = Tape();
        Assert.Contains("No trade yet", Text(empty));
        empty.Render(set => set.Add(shown => shown.Trades, [Samples.Trade(44)]));
        Assert.Single(empty.FindAll(".fresh"));
    }

    [Fact]
    public void TheTape_ShowsNoMoreThanItsRoom_AndWhyATradeFailed()
    {
        var failed = Samples.Trade(100, settlement: TradeStates.Failed) with { SettlementReason = "allowance" };
        var tape = Tape([failed, .. Enumerable.Range(1, 99).Select(n => Samples.Trade(100 - n, outcome: 5))]);
        Assert.Equal(60, Rows(tape).Length);
        Assert.Equal("failed", Rows(tape)[0][^1]);
        Assert.Equal("allowance", tape.Find("tbody .pill").GetAttribute("title"));
        // This console's copy of the market may lack the outcome.
        Assert.Equal("", Rows(tape)[1][1]);
    }

    [Theory]
    [InlineData(0, "0.620", "0.420")]
    [InlineData(1, "0.580", "0.380")]
    public void TheLine_HasEveryTradeOfABinaryMarket_InTermsOfTheOutcomeShown(int outcome, string high, string low)
    {
        var shown = Line(outcome, 2, Samples.Trade(3, 1, "0.38"), Samples.Trade(2, 0, "0.42"), Samples.Trade(1, 0, "0.5"));
        Assert.Equal($"{high} {low}", Text(shown.Find(".chart-scale")));
        Assert.Contains("3 trades", Text(shown));
    }

    [Fact]
    public void TheLine_OfAMarketWithMoreOutcomes_HasTheTradesOfTheOneShown()
    {
        var trades = new[] { Samples.Trade(3, 2, "0.2"), Samples.Trade(2, 0, "0.42"), Samples.Trade(1, 0, "0.5") };
        Assert.Contains("2 trades", Text(Line(0, 3, trades)));
        Assert.Contains("Too few trades to draw", Text(Line(2, 3, trades)));
    }

    /// <summary>The noise of one tick would look like a crash.</summary>
    [Fact]
    public void TheLine_OfAPriceThatHardlyMoves_IsHardlyMoving()
    {
        var shown = Line(0, 2, Samples.Trade(2, 0, "0.4201"), Samples.Trade(1, 0, "0.42"));
        var heights = shown.Find(".chart-line").GetAttribute("d")![1..].Split('L').Select(point => Number(point.Split(' ')[1])).ToList();
        Assert.InRange(Math.Abs(heights[0] - heights[1]), 0.5, 2);
        Assert.Equal("0.430 0.420", Text(shown.Find(".chart-scale")));
    }

    [Fact]
    [Trait("Category", "Firm")]
    public void FirmColumn_IsThere_WhenPartOfTheBookIsFirm()
    {
        string[] plain = ["Price", "Shares", "Total"];
        Assert.Equal(plain, Heads(Ladder([new BookLevel(4_100, 150, 150)], [])));
        var ladder = Ladder([new BookLevel(4_100, 150, 150, FirmLots: 50), new BookLevel(4_000, 10, 160)], []);
        Assert.Equal(["Price", "Shares", "Firm", "Total"], Heads(ladder));
        Assert.Equal(["0.50", ""], ladder.FindAll(".bids tr").Select(row => row.QuerySelectorAll("td")[2].TextContent.Trim()));

        static IEnumerable<string> Heads(IRenderedComponent<Ladder> of) => of.FindAll("th").Select(head => head.TextContent);
    }

    private IRenderedComponent<Ladder> Ladder(ImmutableArray<BookLevel> bids, ImmutableArray<BookLevel> asks) =>
        Render<Ladder>(set =>
            set.Add(ladder => ladder.Bids, bids).Add(ladder => ladder.Asks, asks).Add(ladder => ladder.TickSize, "0.001")
        );

    private IRenderedComponent<TradeTape> Tape(params TradeView[] trades) =>
        Render<TradeTape>(set => set.Add(tape => tape.Trades, trades).Add(tape => tape.Market, Samples.Market()));

    private IRenderedComponent<PriceLine> Line(int outcome, int outcomes, params TradeView[] trades) =>
        Render<PriceLine>(set =>
            set.Add(line => line.Trades, trades)
                .Add(line => line.Outcome, outcome)
                .Add(line => line.OutcomeCount, outcomes)
                .Add(line => line.TickSize, "0.001")
        );

    private static ImmutableArray<BookLevel> Side(int best, int step, int levels) =>
        [.. Enumerable.Range(0, levels).Select(i => new BookLevel(best + i * step, 100, 100 * (i + 1)))];

    private static List<double> XsOf(IRenderedComponent<DepthCurve> shown, string path) =>
        [
            .. shown
                .FindAll(path)
                .SelectMany(one => Regex.Matches(one.GetAttribute("d")!, @"[MH](-?[\d.]+)").Select(x => Number(x.Groups[1].Value))),
        ];

    private static List<double> YsOf(IRenderedComponent<DepthCurve> shown, string path) =>
        [.. Regex.Matches(shown.Find(path).GetAttribute("d")!, @"V(-?[\d.]+)").Select(y => Number(y.Groups[1].Value))];

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
