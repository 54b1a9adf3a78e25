using Bunit;
using Foresight.Console.Reconciliation;
using Foresight.Protocol;

namespace Foresight.Console.Tests.Reconciliation;

public sealed class ReconciliationPageTests : ReconciliationContext
{
    [Fact]
    public void WhatWaitsForADecision_ComesFirst_TheWorstOfItBeforeTheRest() =>
        Assert.Equal(
            ["reopened high", "open low", "acknowledged critical", "resolved critical"],
            Discrepancies(Shown()).Select(row => $"{row[1]} {row[2]}")
        );

    [Fact]
    public void Figures_SayHowTheTwoLedgersStand()
    {
        var text = Text(Shown());
        Assert.Contains("4 shown", text);
        Assert.Contains("Open discrepancies 2", text);
        Assert.Contains("Compared to block 2,100 of 2,105", text);
        Assert.Contains("Next run 12:01:00 every 5 min", text);
        Assert.Contains("Ledger and chain differ by 0 of 1,000.5 USDC", text);
        Assert.Contains("Auto-fix off four eyes over 100", text);
    }

    [Fact]
    public void Filters_AreTheAddress_AndGoWithExportsAndLinks()
    {
        var page = Shown();
        Field(page, "State").Change("unresolved");
        Field(page, "Kind").Change(DiscrepancyKinds.AmountMismatch);
        Field(page, "Assignee").Change("Ada");
        Assert.Equal("/reconciliation?state=unresolved&kind=amount_mismatch&assignee=Ada", Address);
        page.WaitForAssertion(() =>
            Assert.Contains("/reconciliation/discrepancies?state=live&kind=amount_mismatch&assignee=Ada&limit=500", Api.Asked)
        );
        var links = Links(page);
        Assert.Contains("/reconciliation/export?format=csv&state=unresolved&kind=amount_mismatch&assignee=Ada", links);
        Assert.Contains("/reconciliation/discrepancies/4?from=state%3Dunresolved%26kind%3Damount_mismatch%26assignee%3DAda", links);
    }

    [Fact]
    public void AgeBucket_IsAFilter_ThatASecondPressTakesBack()
    {
        var page = Shown();
        Button(page, "over 24 h").Click();
        Assert.Equal("/reconciliation?age=24h%2B", Address);
        Button(page, "over 24 h").Click();
        Assert.Equal("/reconciliation", Address);
    }

    [Fact]
    public void NothingFound_IsNotTheSameAs_NothingWithTheseFilters()
    {
        Listed = [];
        var page = Render<ReconciliationPage>();
        page.WaitForAssertion(() => Assert.Contains("No discrepancies", Text(page)));
        Field(page, "Severity").Change(Severities.Critical);
        page.WaitForAssertion(() => Assert.Contains("Nothing with these filters", Text(page)));
    }

    [Fact]
    public void OneDecision_AboutAllThatAreShown()
    {
        Api.Answer(
            "/reconciliation/resolve",
            () => new BulkResolveResponse(Guid.Empty, 3, 1, [new BulkRefusal(1, "state_conflict", "is resolved")])
        );
        var page = Shown();
        Field(page, "Select all that are shown").Change(true);
        Assert.Contains("4 selected", Text(page));
        Assert.False(CanPress(page, "Apply"));

        Field(page, "What to do with them").Change(DiscrepancyActions.Ignore);
        Assert.False(CanPress(page, "Apply"));
        Field(page, "Until").Change("1h");
        Field(page, "Note").Input(" known ");
        Button(page, "Apply").Click();

        page.WaitForAssertion(() => Assert.DoesNotContain("selected", Text(page)));
        Assert.Equal(
            ["""{"ids":[4,3,2,1],"note":"known","action":"ignore","until":"2026-05-04T13:00:00+00:00","assignee":null}"""],
            Api.Bodies
        );
        Assert.Equal(["ignore: 3 recorded: 1 wait for somebody with another key. 1 left as they were: is resolved"], Notified);
    }

    [Fact]
    public void BulkAssignment_NeedsNoReason()
    {
        Api.Answer("/reconciliation/resolve", () => new BulkResolveResponse(Guid.Empty, 1, 0, []));
        var page = Shown();
        Field(page, "Select discrepancy 3").Change(true);
        Field(page, "What to do with them").Change(DiscrepancyActions.Assign);
        page.Find("[data-testid=bulk-assignee]").Input(" Bob ");
        Button(page, "Apply").Click();
        page.WaitForAssertion(() => Assert.Single(Notified));
        Assert.Equal(["""{"ids":[3],"note":null,"action":"assign","until":null,"assignee":"Bob"}"""], Api.Bodies);
    }

    [Fact]
    public void LostAnswerToABulkDecision_KeepsTheSelection()
    {
        Api.Problem("/reconciliation/resolve", 503, ProblemCodes.Unavailable);
        var page = Shown();
        Field(page, "Select discrepancy 3").Change(true);
        Field(page, "What to do with them").Change(DiscrepancyActions.Resolve);
        Field(page, "Note").Input("why");
        Button(page, "Apply").Click();
        page.WaitForAssertion(() => Assert.Contains("It is not known whether this was recorded", Text(page)));
        Assert.Contains("1 selected", Text(page));
    }

    [Fact]
    public void SelectedRow_ThatIsNotListedAnyMore_IsNotDecided()
    {
        var page = Shown();
        Field(page, "Select discrepancy 3").Change(true);
        Field(page, "Select discrepancy 4").Change(true);
        Assert.Contains("2 selected", Text(page));
        Listed = [Listed[3]];
        Clock.Advance(TimeSpan.FromSeconds(1));
        page.WaitForAssertion(() => Assert.Contains("1 selected", Text(page)));
    }

    [Fact]
    public void OtherFilters_ForgetTheSelection()
    {
        var page = Shown();
        Field(page, "Select discrepancy 3").Change(true);
        Field(page, "Kind").Change(DiscrepancyKinds.AmountMismatch);
        page.WaitForAssertion(() => Assert.DoesNotContain("selected", Text(page)));
    }

    [Fact]
    public void Runs_AreListedWithTheirErrors_AndTheBlocksThatTheyCovered()
    {
        var page = Shown();
        Assert.Contains("9|succeeded|20 s ago|2 s|schedule|100–2,100|1,500|4|1|0", Rows(page).Select(row => string.Join('|', row)));
        Assert.Contains("the chain was away", Text(page));
        Assert.Contains("covered 100–2,100 run 9", Text(page));
    }
}
