using System.Globalization;
using System.Text.Json;
using Bunit;
using Foresight.Console.History;
using Foresight.Protocol;

namespace Foresight.Console.Tests.History;

public sealed class HistoryPanelTests : ConsoleContext
{
    private HistoryView _history = Samples.History(
        Samples.Point(40, 10),
        Samples.Point(30, null),
        Samples.Point(20, 30, HistoryProblems.NoLeader),
        Samples.Point(10, 12.345)
    );

    public HistoryPanelTests() => Api.Answer("/admin/history", () => _history);

    [Fact]
    public void EachChart_CarriesItsValues_ForPointerAndKeys()
    {
        var panel = Shown();
        var plot = panel.Find("[data-testid=history-Throughput] [data-history]");
        Assert.Equal(
            ("slider", "0", "0", "359"),
            (
                plot.GetAttribute("role"),
                plot.GetAttribute("tabindex"),
                plot.GetAttribute("aria-valuemin"),
                plot.GetAttribute("aria-valuemax")
            )
        );
        Assert.Equal("Now orders 12.3/s, trades 5.0/s", plot.GetAttribute("aria-valuetext"));
        Assert.Equal($"{Samples.Noon.AddHours(-1).ToUnixTimeMilliseconds()}", plot.GetAttribute("data-start"));
        Assert.Equal("10000", plot.GetAttribute("data-step"));
        var values = panel.Find("path[data-name=orders]").GetAttribute("data-values")!.Split(',');
        Assert.Equal(360, values.Length);
        Assert.Equal(["10", "", "30", "12.35"], values[^4..]);
        Assert.All(values[..^4], value => Assert.Equal("", value));
    }

    /// <summary>Its own readings are ten seconds apart, and what was green in the last one may not be any more.</summary>
    [Fact]
    public async Task Outage_MakesItOldAtOnce_AndItsEndNew()
    {
        Api.Answer("/admin/overview", () => Samples.Overview());
        var panel = Shown();
        await panel.InvokeAsync(() => Feed.StepAsync(CancellationToken.None));
        Assert.Empty(panel.FindAll(".tile-stale"));
        Api.Problem("/admin/overview", 503, ProblemCodes.Unavailable);
        await panel.InvokeAsync(() => Feed.StepAsync(CancellationToken.None));
        panel.WaitForAssertion(() => Assert.Single(panel.FindAll(".tile-stale")));
        Assert.Contains("No Api node answers", panel.Find(".stale").OuterHtml);

        Api.Answer("/admin/overview", () => Samples.Overview());
        await panel.InvokeAsync(() => Feed.StepAsync(CancellationToken.None));
        panel.WaitForAssertion(() => Assert.Empty(panel.FindAll(".tile-stale")));
    }

    [Theory]
    [InlineData(null, """[[0,0,"UTC"]]""")]
    [InlineData("Asia/Kolkata", """[[0,330,"UTC\u002B5:30"]]""")]
    public void Chart_NamesTheZoneThatTheOperatorChose(string? zone, string zones)
    {
        if (zone is not null)
            ChooseZone(zone);
        Assert.Equal(zones, Shown().Find("[data-history]").GetAttribute("data-zones"));
    }

    [Fact]
    public void Chart_OverTheBeginningOfSummerTime_HasBothOffsets()
    {
        ChooseZone("Europe/Berlin");
        // At 01:00 UTC of this day, Berlin's clocks go from 2:00 to 3:00.
        var to = new DateTimeOffset(2026, 3, 29, 1, 30, 0, TimeSpan.Zero);
        _history = _history with { From = to.AddHours(-1), To = to };
        Assert.Equal("""[[0,60,"UTC\u002B1"],[180,120,"UTC\u002B2"]]""", Shown().Find("[data-history]").GetAttribute("data-zones"));
    }

    [Fact]
    public void Health_IsNamedByTime_WithWhatWasWrong()
    {
        var plot = Shown().Find("[data-testid=history-Health] [data-history]");
        using var runs = JsonDocument.Parse(plot.GetAttribute("data-health")!);
        Assert.Equal(
            [(0, "nothing recorded"), (356, "healthy"), (358, "unhealthy: no leader"), (359, "healthy")],
            runs.RootElement.EnumerateArray().Select(run => (run[0].GetInt32(), run[1].GetString()!))
        );
        Assert.Equal("Now healthy", plot.GetAttribute("aria-valuetext"));
    }

    [Fact]
    public void Failovers_AreMarkedWhereTheyWere()
    {
        var panel = Shown();
        Assert.Equal(HistoryCharts.OfOverview.Count, panel.FindAll(".history-mark").Count);
        using var marks = JsonDocument.Parse(panel.Find("[data-history]").GetAttribute("data-marks")!);
        Assert.Equal(
            (300, "matching-1 took over matching-engine, epoch 1012"),
            (marks.RootElement[0][0].GetInt32(), marks.RootElement[0][1].GetString())
        );
    }

    [Fact]
    public void Range_IsInTheAddress_AndAskedAtOnce()
    {
        var panel = Shown();
        Assert.Equal(["http://localhost/", "http://localhost/?range=6h", "http://localhost/?range=24h"], Links(panel));
        Assert.Equal("hour", Text(panel.Find("[aria-current=true]")));
        Navigation.NavigateTo("/?range=24h");
        panel.WaitForAssertion(() => Assert.Contains("/admin/history?range=24h", Api.Asked));
        panel.WaitForAssertion(() => Assert.Equal("24 hours", Text(panel.Find("[aria-current=true]"))));
    }

    [Fact]
    public void RangeThatDoesNotExist_IsAnErrorOfTheAddress()
    {
        Api.Problem("/admin/history", 400, ProblemCodes.MalformedRequest);
        Navigation.NavigateTo("/?range=2y");
        var panel = Render<HistoryPanel>(set => set.Add(one => one.Title, "History").Add(one => one.Charts, HistoryCharts.OfOverview));
        panel.WaitForAssertion(() => Assert.Contains("This address cannot be answered", Text(panel)));
        Assert.Contains("/admin/history?range=2y", Api.Asked);
    }

    [Fact]
    public void Outage_KeepsTheCharts_AndMarksThemOld()
    {
        var panel = Shown();
        Api.Problem("/admin/history", 503, ProblemCodes.Unavailable);
        Clock.Advance(TimeSpan.FromSeconds(10));
        panel.WaitForAssertion(() => Assert.Contains("stale since 12:00:00", Text(panel)));
        Assert.NotEmpty(panel.FindAll("path[data-values]"));
    }

    [Fact]
    public void NothingRecorded_IsNoFlatLine()
    {
        _history = _history with { Points = [] };
        var panel = Render<HistoryPanel>(set => set.Add(one => one.Title, "History").Add(one => one.Charts, HistoryCharts.OfOverview));
        panel.WaitForAssertion(() => Assert.Contains("Nothing recorded in this time", Text(panel)));
    }

    [Fact]
    public void GapsStayGaps_AndASingleValueIsDrawn()
    {
        var path = HistoryPlot.Of(_history, HistoryCharts.Throughput).Lines[0].Path;
        Assert.Equal(2, path.Count(letter => letter == 'M'));
        Assert.Equal(1, path.Count(letter => letter == 'L'));
        Assert.Contains("h0M", path, StringComparison.Ordinal);
        var ends = path.Split('M', 'L', 'h').Where(part => part.Contains(' ')).Select(part => part.Split(' '));
        Assert.All(ends, point => Assert.InRange(double.Parse(point[1], CultureInfo.InvariantCulture), 0, HistoryPlot.Height));
    }

    /// <summary>Another version may answer with anything: what is outside of the range is left out, and steps are bounded.</summary>
    [Fact]
    public void AnswerWithOddTimes_IsBounded()
    {
        var odd = _history with
        {
            StepSeconds = 0,
            Points = [Samples.Point(-500), Samples.Point(9_999_999), Samples.Point(10)],
            To = Samples.Noon.AddYears(1),
        };
        var plot = HistoryPlot.Of(odd, HistoryCharts.Health);
        Assert.Equal(HistoryLimits.Points, plot.Steps);
        Assert.Equal(HistoryLimits.Points, plot.Health.Sum(run => run.Steps));
    }

    private IRenderedComponent<HistoryPanel> Shown()
    {
        var panel = Render<HistoryPanel>(set => set.Add(one => one.Title, "History").Add(one => one.Charts, HistoryCharts.OfOverview));
        panel.WaitForAssertion(() => Assert.NotEmpty(panel.FindAll("[data-history]")));
        return panel;
    }
}
