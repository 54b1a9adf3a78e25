using Bunit;
using Foresight.Console.Failovers;
using Foresight.Protocol;

namespace Foresight.Console.Tests.Failovers;

public sealed class FailoversPageTests : ConsoleContext
{
    private HistoryView _history = Samples.History() with { Failovers = [] };
    private IReadOnlyList<FailoverView> _live =
    [
        Samples.Failover() with
        {
            Reason = TakeOverReasons.Crashed,
        },
        Samples.Failover(1_011, "matching-3") with
        {
            At = Samples.Noon.AddMinutes(-40),
            Reason = TakeOverReasons.LeaseExpired,
        },
        new(
            LeasedResources.Settlement,
            4,
            "matching-2",
            null,
            Samples.Noon.AddHours(-1),
            new Dictionary<string, double> { ["lease"] = 20 }
        ),
    ];

    public FailoversPageTests()
    {
        Api.Answer("/admin/overview", () => Samples.Overview(Samples.Cluster(Samples.Leader()) with { Failovers = _live }));
        Api.Answer("/admin/history", () => _history);
    }

    [Fact]
    public void EachTerm_HasWhoWhenWhyAndHowLong_InWords()
    {
        var page = Shown();
        Assert.Equal(
            [
                "11:50:00 10 min ago",
                "matching-engine",
                "1,012",
                "matching-2 → matching-1",
                "crashed",
                "350 ms",
                "detected 5.0 ms, lease 15 ms, fenced 25 ms, recovered 275 ms, first ack 30 ms",
            ],
            Rows(page)[0]
        );
        Assert.Equal(["settlement", "4", "nobody → matching-2", "not recorded", "–", "lease 20 ms"], Rows(page)[2][1..]);
        Assert.Contains("/failovers/matching-engine/1012", Links(page));
    }

    [Fact]
    public void HistoryOfTheDay_CompletesTheLastFifty_WithoutDoublingThem()
    {
        _history = _history with
        {
            Failovers =
            [
                _live[0] with
                {
                    Phases = new Dictionary<string, double>(),
                },
                Samples.Failover(900) with
                {
                    At = Samples.Noon.AddHours(-9),
                },
            ],
        };
        var page = Shown();
        page.WaitForAssertion(() => Assert.Equal(["1,012", "1,011", "4", "900"], Rows(page).Select(row => row[2])));
        Assert.Equal("350 ms", Rows(page)[0][5]);
    }

    [Fact]
    public void Filter_IsInTheAddress()
    {
        var page = Shown();
        Field(page, "Resource").Change(LeasedResources.Settlement);
        Assert.Equal("/?resource=settlement", Address);
        page.WaitForAssertion(() => Assert.Equal(["settlement"], Rows(page).Select(row => row[1])));

        Navigation.NavigateTo("/failovers?resource=nothing");
        page.WaitForAssertion(() => Assert.Contains("No term of this resource", Text(page)));
    }

    [Fact]
    public void HistoryThatCannotBeRead_IsNamed_AndTheLastFiftyStay()
    {
        Api.Problem("/admin/history", 503, ProblemCodes.Unavailable);
        var page = Shown();
        page.WaitForAssertion(() => Assert.Contains("beyond the last 50 could not be read: node-1: because of unavailable", Text(page)));
        Assert.Equal(3, Rows(page).Length);
    }

    [Fact]
    public void OneTerm_HasItsPhases_ItsReason_AndItsNeighbours()
    {
        var page = One(LeasedResources.Matching, 1_011);
        page.WaitForAssertion(() => Assert.Contains("matching-1 leads matching-engine", Text(page)));
        Assert.Contains("did not renew its lease in time: it was paused, cut off, or could not reach Postgres", Text(page));
        Assert.Contains("Ended 11:50:00 10 min ago", Text(page));
        Assert.Contains(
            Rows(page),
            row =>
                row
                    is [
                        "recovered",
                        "320 ms",
                        "275 ms",
                        "It had read from the journal what it needs; a matching engine was rebuilt from it.",
                    ]
        );
        Assert.Equal("350 ms", Text(page.Find("[data-testid=gap]")));
        Assert.Contains("/failovers/matching-engine/1012", Links(page));
    }

    [Fact]
    [Trait("Category", "Console")]
    public void PhasesOfATerm_AreAFile_AndTheirColumnsAreChosen()
    {
        Navigation.NavigateTo("/failovers/matching-engine/1011?phases.hide=meaning&phases.sort=-took");
        var page = One(LeasedResources.Matching, 1_011);
        page.WaitForAssertion(() => Assert.Equal(["recovered", "320 ms", "275 ms"], Rows(page)[0]));
        Assert.Contains("/export/phases?format=json&of=matching-engine%2F1011&phases.hide=meaning&phases.sort=-took", Links(page));
        Assert.NotEmpty(page.FindAll("[aria-label='Columns of the phases']"));
    }

    [Fact]
    public async Task TermThatDoesNotExist_IsNoOutage()
    {
        var page = One(LeasedResources.Matching, 77);
        page.WaitForAssertion(() => Assert.Contains("No such term", Text(page)));

        Api.Problem("/admin/overview", 503, ProblemCodes.Unavailable);
        await using var other = new OutageContext();
        Assert.Contains("This term cannot be shown", other.Text(), StringComparison.Ordinal);
    }

    [Fact]
    public void EveryReason_HasWordsOfItsOwn()
    {
        var words = TakeOverReasons.All.Append(null).Append("of_a_later_version").Select(FailoverRules.MeaningOf).ToList();
        Assert.Equal(words.Count, words.Distinct().Count());
    }

    private IRenderedComponent<FailoversPage> Shown()
    {
        var page = Render<FailoversPage>();
        page.InvokeAsync(() => Feed.StepAsync(CancellationToken.None));
        page.WaitForAssertion(() => Assert.NotEmpty(Rows(page)));
        return page;
    }

    private IRenderedComponent<FailoverPage> One(string resource, long epoch)
    {
        var page = Render<FailoverPage>(set => set.Add(shown => shown.Resource, resource).Add(shown => shown.Epoch, epoch));
        page.InvokeAsync(() => Feed.StepAsync(CancellationToken.None));
        return page;
    }

    private sealed class OutageContext : ConsoleContext
    {
        public string Text()
        {
            Api.Problem("/admin", 503, ProblemCodes.Unavailable);
            var page = Render<FailoverPage>(set => set.Add(shown => shown.Resource, "settlement").Add(shown => shown.Epoch, 4));
            page.InvokeAsync(() => Feed.StepAsync(CancellationToken.None));
            page.WaitForAssertion(() => Assert.Contains("cannot be shown", Text(page)));
            return Text(page);
        }
    }
}
