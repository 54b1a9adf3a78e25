using Bunit;
using Foresight.Console.Reconciliation;
using Foresight.Protocol;

namespace Foresight.Console.Tests.Reconciliation;

public sealed class RunsTests : ReconciliationContext
{
    private RunView _dryRun = Samples.Run(12, RunStates.Running) with { DryRun = true };

    public RunsTests()
    {
        Api.Answer("/reconciliation/trigger", () => new TriggerResponse(12, AlreadyRunning: false));
        Api.Answer("/reconciliation/runs/12", () => _dryRun);
        Api.Answer(
            "/reconciliation/runs/12/repairs",
            () =>
                new[]
                {
                    Repair(3, "amount_mismatch:3", RepairStates.Refused, "{}", "{}", "an amount"),
                    Repair(null, "missing_offchain:5", RepairStates.Planned, """{"a":"1","b":"2"}""", """{"a":"1","b":"3"}""", null),
                }
        );
    }

    [Fact]
    public void EachRun_HasAPageOfItsOwn_WithItsRepairs()
    {
        Assert.Contains("/reconciliation/runs/9", Links(Shown()));
        _dryRun = Samples.Run(12) with { Repaired = 1, RequestedBy = "Ada", RequestedKey = "ops", Reason = "Before the release." };
        var page = Render<RunPage>(run => run.Add(page => page.Id, 12));
        page.WaitForAssertion(() => Assert.Contains("missing_offchain:5", Text(page)));
        Assert.Contains("Run 12 succeeded", Text(page));
        Assert.Contains("Asked for by Ada with the key ops", Text(page));
        Assert.Contains("Reason Before the release.", Text(page));
        Assert.Contains("What automatic repair did", Text(page));
        Assert.Contains("What Was Before After", Text(page));
        Assert.Contains("Repaired 1", Text(page));
    }

    [Fact]
    public void Runs_GoOnByCursor_AndStayAtTheirPlaceUnderUpdates()
    {
        const string Older = "/reconciliation/runs?limit=50&cursor=8";
        Runs = Runs with { Next = "8" };
        Api.Answer(Older, () => new Page<RunView>([Samples.Run(7)], null));
        Navigation.NavigateTo("/reconciliation?state=open&runs.hide=took");
        var page = Shown();
        Assert.Equal(["9", "8"], Ids(page));
        Assert.Contains("Runs the newest 2", Text(page));
        var older = Assert.Single(page.FindAll("nav[aria-label='Pages of the runs'] a")).GetAttribute("href")!;
        Assert.Equal("http://localhost/reconciliation?state=open&runs.hide=took&runs.cursor=8", older);

        Navigation.NavigateTo(older);
        page.WaitForAssertion(() => Assert.Equal(["7"], Ids(page)));
        Assert.Contains("Runs an older page", Text(page));
        Runs = new Page<RunView>([Samples.Run(10), .. Runs.Items], "8");
        var asked = Api.Answered(Older);
        Clock.Advance(TimeSpan.FromSeconds(1));
        page.WaitForAssertion(() => Assert.True(Api.Answered(Older) > asked));
        Assert.Equal(["7"], Ids(page));
        Assert.Equal("/reconciliation?state=open&runs.hide=took&runs.cursor=8", Address);
        Assert.Equal(1, Api.Answered("/reconciliation/coverage?limit=100"));

        Navigation.NavigateTo(page.Find("nav[aria-label='Pages of the runs'] a").GetAttribute("href")!);
        page.WaitForAssertion(() => Assert.Equal(["10", "9", "8"], Ids(page)));
        Assert.Equal("/reconciliation?state=open&runs.hide=took", Address);
    }

    [Fact]
    public void Runs_AreSorted_OnlyIfNoneIsLeftOut()
    {
        Runs = Runs with { Items = [Runs.Items[0], Runs.Items[1] with { Found = 99 }] };
        Navigation.NavigateTo("/reconciliation?runs.sort=-found");
        var page = Shown();
        Assert.Equal(["8", "9"], Ids(page));

        Runs = Runs with { Next = "8" };
        Clock.Advance(TimeSpan.FromSeconds(1));
        page.WaitForAssertion(() => Assert.Equal(["9", "8"], Ids(page)));
        Assert.Empty(page.FindAll($"{RunList} [data-list-sort]"));
        Assert.Empty(page.FindAll($"{RunList} [aria-sort]"));
        Assert.Contains("asks for an order by “found”, which needs all rows, and these are a part of them.", Text(page));
    }

    [Fact]
    public void PlaceBehindTheLastRun_IsNotCalledTheFirst()
    {
        Api.Answer("/reconciliation/runs?limit=50&cursor=1", () => new Page<RunView>([], null));
        Navigation.NavigateTo("/reconciliation?runs.cursor=1");
        var page = Shown();
        page.WaitForAssertion(() => Assert.Contains("No older run", Text(page)));
        Assert.Contains("http://localhost/reconciliation", Links(page));
    }

    [Fact]
    public void Coverage_GoesOnByItsOwnCursor()
    {
        Covered = Covered with { Next = "9-100" };
        Api.Answer(
            "/reconciliation/coverage?limit=100&cursor=9-100",
            () => new Page<CoverageView>([new CoverageView(40, 99, CoverageStates.Covered, 6, Samples.Noon, null)], null)
        );
        Navigation.NavigateTo("/reconciliation?runs.cursor=20");
        var page = Shown();
        Assert.Contains("both sides readable, the newest 1", Text(page));
        Navigation.NavigateTo(page.Find("nav[aria-label='Pages of the ranges'] a").GetAttribute("href")!);
        Assert.Equal("/reconciliation?runs.cursor=20&coverage.cursor=9-100", Address);
        page.WaitForAssertion(() => Assert.Contains("covered 40–99 run 6", Text(page)));
        Assert.Contains("both sides readable, an older page", Text(page));
    }

    [Fact]
    public void DryRun_CountsWhatItPlans_OnceItHasPlanned()
    {
        var page = Render<RunPage>(run => run.Add(page => page.Id, 12));
        page.WaitForAssertion(() => Assert.Contains("Would be repaired –", Text(page)));
        _dryRun = _dryRun with { State = RunStates.Succeeded };
        Clock.Advance(TimeSpan.FromSeconds(2));
        page.WaitForAssertion(() => Assert.Contains("Would be repaired 1", Text(page)));
    }

    [Fact]
    public void RunThatDoesNotExist_IsNoOutage()
    {
        Api.Problem("/reconciliation/runs/77", 404, ProblemCodes.NotFound);
        Api.Problem("/reconciliation/runs/77/repairs", 404, ProblemCodes.NotFound);
        var page = Render<RunPage>(run => run.Add(page => page.Id, 77));
        page.WaitForAssertion(() => Assert.Contains("No such run", Text(page)));
    }

    [Fact]
    [Trait("Category", "Console")]
    public void RunWithoutAReason_CannotBeStarted()
    {
        var page = Shown();
        Assert.Equal((false, false), (CanPress(page, "Run now"), CanPress(page, "Dry run of repair")));
        Field(page, "Reason for a run (required)").Input("  ");
        Assert.Equal((false, false), (CanPress(page, "Run now"), CanPress(page, "Dry run of repair")));
    }

    [Fact]
    public void RunNow_StartsARun()
    {
        var page = WithReason();
        Button(page, "Run now").Click();
        page.WaitForAssertion(() => Assert.Equal(["Run started: Run 12"], Notified));
        Assert.Equal(["""{"note":"Before the release.","dryRun":false}"""], Api.Bodies);
        page.WaitForAssertion(() => Assert.False(CanPress(page, "Run now")));
    }

    [Fact]
    public void RunNow_WhileOneIsUnderWay_SaysSo()
    {
        Api.Answer("/reconciliation/trigger", () => new TriggerResponse(0, AlreadyRunning: true));
        var page = WithReason();
        Button(page, "Run now").Click();
        page.WaitForAssertion(() => Assert.Equal(["A run is under way"], Notified));
    }

    [Fact]
    public void RunThatCannotBeStarted_SaysWhy()
    {
        Api.Problem("/reconciliation/trigger", 503, ProblemCodes.Unavailable);
        var page = WithReason();
        Button(page, "Run now").Click();
        page.WaitForAssertion(() => Assert.Equal(["The run was not started: node-1: because of unavailable"], Notified));
        Button(page, "Dry run of repair").Click();
        page.WaitForAssertion(() => Assert.Contains("The dry run was not started: node-1: because of unavailable", Notified));
    }

    [Fact]
    public void DryRun_IsFollowedToItsEnd_AndShowsWhatItWouldDo()
    {
        var page = WithReason();
        Button(page, "Dry run of repair").Click();
        page.WaitForAssertion(() => Assert.Contains("Run 12 compares everything and plans…", Text(page)));
        Assert.Equal(["""{"note":"Before the release.","dryRun":true}"""], Api.Bodies);
        Assert.False(CanPress(page, "Dry run of repair"));

        _dryRun = _dryRun with { State = RunStates.Succeeded };
        Clock.Advance(TimeSpan.FromSeconds(1));
        page.WaitForAssertion(() => Assert.Contains("missing_offchain:5 repaired a 1 b 2 a 1 b 3", Text(page)));
        Assert.Contains("amount_mismatch:3 refused an amount", Text(page));
        Assert.Contains("/reconciliation/discrepancies/3", Links(page));
    }

    [Fact]
    public void DryRunThatHasEnded_IsNotAskedForAgain()
    {
        _dryRun = _dryRun with { State = RunStates.Succeeded };
        var page = WithReason();
        Button(page, "Dry run of repair").Click();
        page.WaitForAssertion(() => Assert.Contains("missing_offchain:5", Text(page)));
        var asked = Api.Answered("/reconciliation/runs/12");

        // The list is read after the dry run in the same tick, so a change of the list shows that both have run.
        Listed = [Listed[0]];
        Clock.Advance(TimeSpan.FromSeconds(1));
        page.WaitForAssertion(() => Assert.Contains("1 in all", Text(page)));
        Assert.Equal((1, 1), (asked, Api.Answered("/reconciliation/runs/12")));
    }

    [Fact]
    public void DryRunThatFailed_SaysWhy()
    {
        _dryRun = _dryRun with { State = RunStates.Failed, Error = "the chain was away for the plan" };
        var page = WithReason();
        Button(page, "Dry run of repair").Click();
        page.WaitForAssertion(() => Assert.Contains("the chain was away for the plan", Text(page)));
        Assert.DoesNotContain("Nothing to repair", Text(page));
    }

    private const string RunList = "table[aria-label='Reconciliation runs']";

    private static string[] Ids(IRenderedComponent<ReconciliationPage> page) =>
        [.. page.FindAll($"{RunList} tbody tr:not(.row-remark)").Select(row => Text(row.Children[0]))];

    private IRenderedComponent<ReconciliationPage> WithReason()
    {
        var page = Shown();
        Field(page, "Reason for a run (required)").Input(" Before the release. ");
        return page;
    }

    private static RepairView Repair(long? discrepancy, string key, string state, string before, string after, string? reason) =>
        new(discrepancy ?? 0, 12, discrepancy, key, key.Split(':')[0], state, before, after, reason, Samples.Noon);
}
