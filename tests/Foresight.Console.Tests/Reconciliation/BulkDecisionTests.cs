using Bunit;
using Foresight.Console.Reconciliation;
using Foresight.Protocol;

namespace Foresight.Console.Tests.Reconciliation;

public sealed class BulkDecisionTests : ReconciliationContext
{
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
        Confirm(page);

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
        Confirm(page);
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
        Confirm(page);
        page.WaitForAssertion(() => Assert.Contains("It is not known whether this was recorded", Text(page)));
        Assert.Contains("1 selected", Text(page));
    }

    [Fact]
    [Trait("Category", "Console")]
    public void WhatADecisionIsAbout_IsAskedFirst()
    {
        Listed = [.. Listed.Take(3), Samples.Discrepancy(4, DiscrepancyStates.Reopened) with { Amount = null }];
        var page = Shown();
        Field(page, "Select all that are shown").Change(true);
        Field(page, "What to do with them").Change(DiscrepancyActions.Resolve);
        Field(page, "Note").Input("known");
        Button(page, "Apply").Click();
        Assert.Contains("Resolve 4? 37.50 USDC at stake and 1 of unknown amount: 2 critical, 1 high, 1 low.", Text(page));
        Assert.Empty(Api.Bodies);
        Button(page, "Back").Click();
        Assert.Empty(page.FindAll("[data-testid=bulk-asks]"));
        // Another action has to be asked for again.
        Button(page, "Apply").Click();
        Field(page, "What to do with them").Change(DiscrepancyActions.Ignore);
        Assert.Empty(page.FindAll("[data-testid=bulk-asks]"));
        Assert.Empty(Api.Bodies);
    }

    [Theory]
    [InlineData(30, "Select all 30 that match")]
    [InlineData(1_200, "Select all 1,200 that match")]
    [InlineData(7_000, "Select the 5,000 most urgent of the 7,000 that match")]
    [Trait("Category", "Console")]
    public void AllThatMatch_AreSelected_OnAllPages(int total, string offered)
    {
        Total = total;
        Navigation.NavigateTo("/reconciliation?state=open");
        var page = Shown();
        Field(page, "Select discrepancy 3").Change(true);
        Assert.Contains("1 selected", Text(page));
        var matching = Enumerable.Range(1, Math.Min(total, DecisionLimits.Bulk)).Select(id => Samples.Discrepancy(id)).ToList();
        // The last row of each page is the first of the next, as if one had moved.
        const string Pages = "/reconciliation/discrepancies?state=open&sort=urgency&limit=500";
        for (var offset = 0; offset < matching.Count; offset += 500)
        {
            var rows = matching.Skip(Math.Max(0, offset - 1)).Take(offset == 0 ? 500 : 501).ToList();
            Api.Answer(offset == 0 ? Pages : $"{Pages}&offset={offset}", () => Page(rows, total));
        }

        Api.Answer("/reconciliation/resolve", () => new BulkResolveResponse(Guid.Empty, matching.Count, 0, []));
        Button(page, offered).Click();
        page.WaitForAssertion(() => Assert.Contains($"{matching.Count:N0} selected", Text(page)));
        Assert.False(HasButton(page, "that match"));

        // Live updates of the page do not take away what other pages have; they render while the operator acts.
        Clock.Advance(TimeSpan.FromSeconds(1));
        page.InvokeAsync(() => Field(page, "What to do with them").Change(DiscrepancyActions.Acknowledge));
        page.InvokeAsync(() => Field(page, "Note").Input("seen"));
        page.InvokeAsync(() => Button(page, "Apply").Click());
        page.InvokeAsync(() => page.Find("[data-testid=bulk-confirm]").Click());
        page.WaitForAssertion(() => Assert.Single(Notified));
        Assert.StartsWith($$"""{"ids":[{{string.Join(',', matching.Select(row => row.Id))}}],""", Api.Bodies.Single());
    }

    [Fact]
    [Trait("Category", "Console")]
    public void OneThatIsTakenOut_LeavesTheOthersOfAllPagesSelected()
    {
        Total = 30;
        Navigation.NavigateTo("/reconciliation?state=open");
        var page = Shown();
        Field(page, "Select discrepancy 3").Change(true);
        var matching = Enumerable.Range(1, 30).Select(id => Samples.Discrepancy(id)).ToList();
        Api.Answer("/reconciliation/discrepancies?state=open&sort=urgency&limit=500", () => Page(matching, 30));
        Button(page, "Select all 30 that match").Click();
        page.WaitForAssertion(() => Assert.Contains("30 selected", Text(page)));
        Field(page, "Select discrepancy 3").Change(false);
        Assert.Contains("29 selected", Text(page));
    }

    [Fact]
    [Trait("Category", "Console")]
    public void WhatWaitsForASecondKey_IsUndoneToo()
    {
        Api.Answer("/reconciliation/resolve", () => new BulkResolveResponse(Guid.Empty, 2, 1, []));
        var page = Shown();
        Field(page, "Select discrepancy 3").Change(true);
        Field(page, "Select discrepancy 4").Change(true);
        Field(page, "What to do with them").Change(DiscrepancyActions.Resolve);
        Field(page, "Note").Input("known");
        Confirm(page);
        page.WaitForElement("[data-testid=bulk-undo]");
        Api.Answer(
            "/reconciliation/resolve",
            () => new BulkResolveResponse(Guid.Empty, 1, 0, Api.Bodies.Count == 2 ? [new BulkRefusal(3, "state_conflict", "is open")] : [])
        );
        Button(page, "Undo").Click();
        page.WaitForAssertion(() => Assert.Equal(3, Api.Bodies.Count));
        Assert.StartsWith("""{"ids":[4,3],"note":"Undone: known","action":"reopen",""", Api.Bodies[1], StringComparison.Ordinal);
        Assert.StartsWith("""{"ids":[3],"note":"Undone: known","action":"withdraw",""", Api.Bodies[2], StringComparison.Ordinal);
        page.WaitForAssertion(() => Assert.Contains("Undone: 2 are undecided again.", Notified));
    }

    [Fact]
    [Trait("Category", "Console")]
    public void WhatWasClosed_CanBeUndone_ByTheSameOperator()
    {
        Api.Answer(
            "/reconciliation/resolve",
            () => new BulkResolveResponse(Guid.Empty, 2, 0, [new BulkRefusal(2, "state_conflict", "is")])
        );
        var page = Shown();
        Field(page, "Select discrepancy 2").Change(true);
        Field(page, "Select discrepancy 3").Change(true);
        Field(page, "Select discrepancy 4").Change(true);
        Field(page, "What to do with them").Change(DiscrepancyActions.Resolve);
        Field(page, "Note").Input("known");
        Confirm(page);
        page.WaitForAssertion(() => Assert.Contains("Last decision: resolve 2.", Text(page)));
        Button(page, "Undo").Click();
        page.WaitForAssertion(() => Assert.Empty(page.FindAll("[data-testid=bulk-undo]")));
        Assert.Equal("""{"ids":[4,3],"note":"Undone: known","action":"reopen","until":null,"assignee":null}""", Api.Bodies[^1]);
    }

    private static void Confirm(IRenderedComponent<ReconciliationPage> page)
    {
        Button(page, "Apply").Click();
        page.WaitForElement("[data-testid=bulk-confirm]").Click();
    }

    private static CountedPage<DiscrepancyView> Page(IReadOnlyList<DiscrepancyView> rows, long total) => new(rows, null, total);
}
