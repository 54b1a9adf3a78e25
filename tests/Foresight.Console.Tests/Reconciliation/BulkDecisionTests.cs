using System.Text.Json;
using Bunit;
using Foresight.Console.Reconciliation;
using Foresight.Protocol;

namespace Foresight.Console.Tests.Reconciliation;

public sealed class BulkDecisionTests : ReconciliationContext
{
    private static readonly Guid Batch = Guid.Parse("b0000000-0000-0000-0000-000000000001");
    private static readonly Guid OfUndo = Guid.Parse("b0000000-0000-0000-0000-000000000002");

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
    public void BulkAssignment_NeedsAReasonToo()
    {
        Api.Answer("/reconciliation/resolve", () => new BulkResolveResponse(Guid.Empty, 1, 0, []));
        var page = Shown();
        Field(page, "Select discrepancy 3").Change(true);
        Field(page, "What to do with them").Change(DiscrepancyActions.Assign);
        page.Find("[data-testid=bulk-assignee]").Input(" Bob ");
        Assert.False(CanPress(page, "Apply"));
        Field(page, "Note").Input(" he knows the maker ");
        Confirm(page);
        page.WaitForAssertion(() => Assert.Single(Notified));
        Assert.Equal(["""{"ids":[3],"note":"he knows the maker","action":"assign","until":null,"assignee":"Bob"}"""], Api.Bodies);
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
    public void WhatWaitsForASecondKey_IsWithdrawn_AndTheOthersAreReopened()
    {
        var page = Decided(DiscrepancyActions.Resolve, awaiting: 1, 3, 4);
        Undo(page, request => request.Action == DiscrepancyActions.Withdraw ? [4] : []);
        Assert.Equal(["withdraw [4,3] Undone: known", "reopen [4] Undone: known"], Sent.Skip(1));
        Assert.Equal([Batch, Batch], Requests.Skip(1).Select(request => request.Undoes));
        Assert.Contains("Undone: 2 taken back.", Notified);
    }

    [Fact]
    [Trait("Category", "Console")]
    public void WhatWasClosed_CanBeUndone_AndWhatHadBeenAcknowledgedIsSoAgain()
    {
        var page = Decided(DiscrepancyActions.Ignore, awaiting: 0, 2, 3, 4);
        Undo(page, request => request is { Action: DiscrepancyActions.Reopen } && request.Ids.Contains(3) ? [3] : []);
        Assert.Equal(["reopen [4,3] Undone: known", "reopen [2] Undone: known", "acknowledge [2] Undone: known"], Sent.Skip(1));
        // An acknowledgement follows the reopening, so it takes that one back and not the decision.
        Assert.Equal([Batch, Batch, OfUndo], Requests.Skip(1).Select(request => request.Undoes));
        Assert.Contains("Undone in part: 2 taken back. 1 left as they are: Something else was decided about it since.", Notified);
    }

    [Fact]
    [Trait("Category", "Console")]
    public void Assignment_IsUndone_ByAFormerAssigneeAtATime()
    {
        Listed = [Listed[0] with { Assignee = "Bob" }, Listed[1], Listed[2] with { Assignee = "Bob" }, Listed[3] with { Assignee = "Eve" }];
        var page = Decided(DiscrepancyActions.Assign, awaiting: 0, [1, 2, 3, 4], "Eve");
        // The one that was hers has not changed.
        Assert.Contains("Last decision: assign 4; 3 of them can be undone.", Text(page));
        Undo(page);
        Assert.Equal(
            ["assign [3,1] to Bob", "assign [2] to "],
            Requests.Skip(1).Select(request => $"{request.Action} [{string.Join(',', request.Ids)}] to {request.Assignee}")
        );
        Assert.All(Requests.Skip(1), request => Assert.Equal(("Undone: known", Batch), (request.Note, request.Undoes)));
    }

    [Fact]
    [Trait("Category", "Console")]
    public void Acknowledgement_IsUndone()
    {
        var page = Decided(DiscrepancyActions.Acknowledge, awaiting: 0, 3, 4);
        Undo(page);
        Assert.Equal(["reopen [4,3] Undone: known"], Sent.Skip(1));
    }

    [Fact]
    [Trait("Category", "Console")]
    public void Reopening_IsUndone_IntoTheStatesOfBefore_WithTheirEnds()
    {
        var end = Samples.Noon.AddDays(2);
        Listed =
        [
            Samples.Discrepancy(1, DiscrepancyStates.Resolved),
            Samples.Discrepancy(2, DiscrepancyStates.Ignored),
            Samples.Discrepancy(3, DiscrepancyStates.Ignored) with
            {
                IgnoredUntil = end,
            },
            Samples.Discrepancy(4, DiscrepancyStates.Ignored) with
            {
                IgnoredUntil = Samples.Noon.AddMinutes(5),
            },
        ];
        var page = Decided(DiscrepancyActions.Reopen, awaiting: 0, 1, 2, 3, 4);
        // Its time is over when the others are undone.
        Clock.Advance(TimeSpan.FromMinutes(5));
        Undo(page);
        Assert.Equal(
            [$"ignore [3] {end:O}", "ignore [2] ", "resolve [1] "],
            Requests.Skip(1).Select(request => $"{request.Action} [{string.Join(',', request.Ids)}] {request.Until:O}")
        );
        Assert.Contains("Undone in part: 3 taken back. 1 stays reopened: the time to ignore it is over.", Notified);
    }

    [Theory]
    [Trait("Category", "Console")]
    [InlineData(DiscrepancyActions.Note)]
    [InlineData(DiscrepancyActions.Resolve)]
    public void Note_AndWhatASecondKeyHasDecided_HaveNoUndo(string action)
    {
        Listed = [.. Listed.Take(3), Listed[3] with { Second = new SecondView(DiscrepancyActions.Resolve, "Bob", "night", Samples.Noon) }];
        var page = Decided(action, awaiting: 0, 4);
        Assert.Empty(page.FindAll("[data-testid=bulk-undo]"));
    }

    [Fact]
    [Trait("Category", "Console")]
    public void Undo_IsOfferedAgain_WhenTheOperatorComesBack_UntilHalfAnHourHasPassed()
    {
        Decided(DiscrepancyActions.Acknowledge, awaiting: 0, 3, 4);
        Clock.Advance(DecisionMemory.Kept - TimeSpan.FromSeconds(1));
        var page = Shown();
        Assert.Contains("Last decision: acknowledge 2.", Text(page));
        // Nothing is selected any more, and that is no reason to forget it.
        Field(page, "Select discrepancy 3").Change(true);
        Button(page, "Clear").Click();
        Assert.Contains("Last decision: acknowledge 2.", Text(page));

        Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Empty(Shown().FindAll("[data-testid=bulk-undo]"));
    }

    [Fact]
    [Trait("Category", "Console")]
    public void WhatIsKept_IsNotOfferedAgain()
    {
        var page = Decided(DiscrepancyActions.Acknowledge, awaiting: 0, 3, 4);
        Button(page, "Keep").Click();
        page.WaitForAssertion(() => Assert.Empty(page.FindAll("[data-testid=bulk-undo]")));
        Assert.Empty(Shown().FindAll("[data-testid=bulk-undo]"));
        Assert.Single(Api.Bodies);
    }

    [Fact]
    [Trait("Category", "Console")]
    public void FailureBetweenTwoRequests_LeavesTheRestToBeUndone()
    {
        Listed = [Listed[0], Listed[1], Listed[2] with { Assignee = "Bob" }, Listed[3] with { Assignee = "Eve" }];
        var page = Decided(DiscrepancyActions.Assign, awaiting: 0, [3, 4], "Ada");
        Api.Answer(
            "/reconciliation/resolve",
            () =>
            {
                Api.Problem("/reconciliation/resolve", 503, ProblemCodes.Unavailable);
                return new BulkResolveResponse(OfUndo, 1, 0, []);
            }
        );
        Button(page, "Undo").Click();
        page.WaitForAssertion(() => Assert.Contains("It is not known whether this was recorded; look at the states", Text(page)));
        Undo(page);
        Assert.Equal(["assign [4] Undone: known", "assign [3] Undone: known", "assign [3] Undone: known"], Sent.Skip(1));
    }

    private IReadOnlyList<BulkResolveRequest> Requests =>
        [.. Api.Bodies.Select(body => JsonSerializer.Deserialize<BulkResolveRequest>(body, JsonSerializerOptions.Web)!)];

    private IEnumerable<string> Sent => Requests.Select(request => $"{request.Action} [{string.Join(',', request.Ids)}] {request.Note}");

    private IRenderedComponent<ReconciliationPage> Decided(string action, int awaiting, params long[] ids) =>
        Decided(action, awaiting, ids, assignee: null);

    private IRenderedComponent<ReconciliationPage> Decided(string action, int awaiting, long[] ids, string? assignee)
    {
        Api.Answer("/reconciliation/resolve", () => new BulkResolveResponse(Batch, ids.Length, awaiting, []));
        var page = Shown();
        foreach (var id in ids)
            Field(page, $"Select discrepancy {id}").Change(true);
        Field(page, "What to do with them").Change(action);
        if (assignee is not null)
            page.Find("[data-testid=bulk-assignee]").Input(assignee);
        Field(page, "Note").Input("known");
        Confirm(page);
        page.WaitForAssertion(() => Assert.DoesNotContain("selected", Text(page)));
        Assert.Single(Notified);
        return page;
    }

    /// <param name="refused">Of each request.</param>
    private void Undo(IRenderedComponent<ReconciliationPage> page, Func<BulkResolveRequest, long[]>? refused = null)
    {
        Api.Answer(
            "/reconciliation/resolve",
            () =>
            {
                var request = Requests[^1];
                var left = refused?.Invoke(request) ?? [];
                return new BulkResolveResponse(
                    OfUndo,
                    request.Ids.Count - left.Length,
                    0,
                    [.. left.Select(id => new BulkRefusal(id, "state_conflict", "Something else was decided about it since."))]
                );
            }
        );
        // Live updates render while the operator acts.
        page.InvokeAsync(() => Button(page, "Undo").Click());
        page.WaitForAssertion(() => Assert.Empty(page.FindAll("[data-testid=bulk-undo]")));
        page.WaitForAssertion(() => Assert.Contains(Notified, notice => notice.StartsWith("Undone", StringComparison.Ordinal)));
    }

    private static void Confirm(IRenderedComponent<ReconciliationPage> page)
    {
        Button(page, "Apply").Click();
        page.WaitForElement("[data-testid=bulk-confirm]").Click();
    }

    private static CountedPage<DiscrepancyView> Page(IReadOnlyList<DiscrepancyView> rows, long total) => new(rows, null, total);
}
