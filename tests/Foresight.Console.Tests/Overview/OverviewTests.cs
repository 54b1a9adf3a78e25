using Bunit;
using Foresight.Console.Live;
using Foresight.Console.Overview;
using Foresight.Protocol;

namespace Foresight.Console.Tests.Overview;

public sealed class OverviewTests : ConsoleContext
{
    private AdminOverview _answer = Samples.Overview();

    public OverviewTests() => Api.Answer("/admin/overview", () => _answer);

    [Fact]
    public void BeforeTheFirstAnswer_NoFigureIsZero()
    {
        var page = Render<OverviewPage>();
        Assert.Contains("Orders per second – Trades per second – Open orders –", Text(page));
        Assert.DoesNotContain("Nobody leads", Text(page));
    }

    [Fact]
    public void Figures_AreTheApis()
    {
        var text = Text(Stepped());
        Assert.Contains("Orders per second 12.3 Trades per second 5.6 Open orders 321 Trades in all 1,505 Journal position 99,000", text);
        Assert.Contains("Unsettled trades 5 Open discrepancies 2", text);
        Assert.Contains("2 announced", text);
    }

    [Fact]
    public void Leader_IsNamedWithItsTermAndItsLease()
    {
        var page = Stepped();
        Assert.Contains("matching-1 active Epoch 1,012 Leads since 11:50:00 10 min ago Gateway http://127.0.0.1:41234", Text(page));
        Assert.Contains("Lease 2,400 ms", Text(page));
        Assert.Contains(Rows(page), row => row is ["settlement", "nobody", "0", "never", "–"]);
        Assert.Contains(Rows(page), row => row is ["matching-engine", "matching-1", "1,012", "now", "350 ms"]);
    }

    [Fact]
    public void LeasedResources_AreInTheOrderOfTheAddress()
    {
        Navigation.NavigateTo("/?leadership.sort=epoch&leadership.hide=since");
        var rows = Stepped().FindAll("[data-testid=leadership] tbody tr").Select(row => Text(row));
        Assert.Equal(["settlement nobody 0 –", "matching-engine matching-1 1,012 350 ms"], rows);
    }

    [Fact]
    public void WithoutALeader_OrdersWait_AndThatIsSaid()
    {
        _answer = Samples.Overview(Samples.Cluster(leader: null));
        Assert.Contains("Nobody leads Orders wait at the Api until a node has taken over.", Text(Stepped()));
    }

    [Fact]
    public void WithoutRedis_TheLastLeaderIsShown_AndNotCalledTheLeader()
    {
        var cluster = Samples.Cluster(Samples.Leader(NodeStates.Unknown, leaseMs: null));
        _answer = Samples.Overview(cluster with { Redis = new SourceView(SourceView.Down, Samples.Noon.AddMinutes(-2)) });
        var text = Text(Stepped());
        Assert.Contains("Without Redis nobody can say whether it still leads.", text);
        Assert.Contains("Redis cannot say; the fence in Postgres holds", text);
        Assert.Contains("stale since 11:58:00", text);
    }

    [Fact]
    public void PartThatTheApiCouldNotRead_IsOldByItself_WithItsReason()
    {
        var page = Stepped();
        _answer = Samples.Overview(unavailable: ("throughput", "matching-1 does not answer")) with { Throughput = null };
        Step(page);
        page.WaitForAssertion(() => Assert.Contains("stale since 12:00:00", Text(page)));
        Assert.Equal("matching-1 does not answer", Feed.Throughput.Failure);
        Assert.Contains("Orders per second 12.3", Text(page));
        Assert.False(Feed.Settlement.IsStale);
    }

    [Fact]
    public void Nodes_AreListedByKind_AndTheLeaderByWhatItLeads()
    {
        var nodes = Rows(Stepped())
            .Where(row => row.Length == 6 && row[1] is "api" or "matching")
            .Select(row => string.Join('|', row[..4]));
        Assert.Equal(["matching-1|matching|active|matching-engine", "api-1|api|running|"], nodes);
    }

    [Fact]
    public void TakeOvers_AreShownWithHowLongTheyTook()
    {
        var page = Stepped();
        var row = Assert.Single(Rows(page), cells => cells.Contains("matching-2 → matching-1"));
        Assert.Equal(("1,012", "350 ms"), (row[2], row[^1]));
        Assert.Equal(
            "detected after 5.0 ms, lease after 20 ms, fenced after 45 ms, recovered after 320 ms, first ack after 350 ms",
            page.Find("[title^=detected]").GetAttribute("title")
        );
    }

    [Fact]
    public void FirstLeader_TookOverFromNobody()
    {
        var none = Render<FailoverBars>(set => set.Add(shown => shown.Items, []));
        Assert.Contains("No take-over yet", Text(none));
        var first = Samples.Failover(previous: null) with { Phases = new Dictionary<string, double>() };
        var one = Render<FailoverBars>(set => set.Add(shown => shown.Items, [first]));
        Assert.Equal(("nobody → matching-1", "–"), (Rows(one)[0][3], Rows(one)[0][^1]));
    }

    [Fact]
    public void Settlement_CountsEachState_AndLinksToItsTrades()
    {
        var shown = Render<SettlementGlance>(set => set.Add(part => part.View, Samples.Settlement("the node is behind")));
        Assert.Contains("matched 2 batched 0 broadcast 0 mined 3 final 1,500 failed 0", Text(shown));
        Assert.Contains("Chain head 2,105 Confirmed to 2,100 (5 confirmations) Holder matching-1", Text(shown));
        Assert.Contains("12.35 ETH", Text(shown));
        Assert.Contains("the node is behind now", Text(shown));
        Assert.Contains("/trades?settlement=failed", Links(shown));
    }

    [Theory]
    [InlineData(1, null, true)]
    [InlineData(10, null, true)]
    [InlineData(11, null, false)]
    [InlineData(11, "the chain is another one", true)]
    public void SettlementsLastError_GoesOnceReportsComeWithoutIt_ExceptWhileHalted(int secondsBefore, string? halted, bool isShown)
    {
        var view = Samples.Settlement("no answer within 1 s") with { Halted = halted, ReportedAt = Samples.Noon.AddSeconds(secondsBefore) };
        var shown = Text(Render<SettlementGlance>(set => set.Add(part => part.View, view)));
        Assert.Equal(isShown, shown.Contains("no answer within 1 s now", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(2, 2_100, "2 open")]
    [InlineData(0, 2_100, "Journal and chain agree up to block 2,100")]
    [InlineData(0, 0, "Nothing compared yet")]
    public void Reconciliation_InOneLine_DoesNotCallTheUncomparedEqual(int open, long covered, string expected)
    {
        var status = Samples.Reconciliation(open) with { CoveredToBlock = covered };
        Assert.StartsWith(expected, Text(Render<ReconciliationGlance>(set => set.Add(part => part.Status, status))));
    }

    [Fact]
    public void OpenDiscrepancies_AreCountedByKind()
    {
        var shown = Render<ReconciliationGlance>(set => set.Add(part => part.Status, Samples.Reconciliation()));
        Assert.Contains("amount mismatch 2", Text(shown));
    }

    private IRenderedComponent<OverviewPage> Stepped()
    {
        var page = Render<OverviewPage>();
        Step(page);
        page.WaitForAssertion(() => Assert.Contains("Journal position 99,000", Text(page)));
        return page;
    }

    private void Step(IRenderedComponent<OverviewPage> page) => page.InvokeAsync(() => Feed.StepAsync(CancellationToken.None));
}
