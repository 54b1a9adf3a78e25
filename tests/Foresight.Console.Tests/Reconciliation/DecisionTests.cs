using System.Text.Json;
using Bunit;
using Foresight.Console.Reconciliation;
using Foresight.Protocol;

namespace Foresight.Console.Tests.Reconciliation;

public sealed class DecisionTests : ConsoleContext
{
    private DiscrepancyView _row = Samples.Discrepancy();

    public DecisionTests()
    {
        Api.Answer(
            "/reconciliation/discrepancies/3",
            () =>
                Samples.Detail(
                    _row,
                    new DiscrepancyAuditView(1, Samples.Noon.AddHours(-1), "reconciler", "found", "none", DiscrepancyStates.Open, null),
                    new DiscrepancyAuditView(
                        2,
                        Samples.Noon,
                        "Bob",
                        "acknowledge",
                        DiscrepancyStates.Open,
                        DiscrepancyStates.Acknowledged,
                        "on it"
                    )
                )
        );
        Api.Answer("/reconciliation/resolve/3", () => Samples.Detail(_row));
    }

    [Fact]
    public void BothSides_AndTheHistory_AreShown()
    {
        _row = _row with { Proof = """{"log":{"index":7}}""", AbsentSince = Samples.Noon, IgnoredUntil = Samples.Noon };
        var text = Text(Shown());
        Assert.Contains("Both sides fills by order; what differs is marked CSV JSON Field On chain In the journal lots ≠ 5 6", text);
        Assert.Contains("log.index 7", text);
        Assert.Contains("At stake 12.5 USDC", text);
        Assert.Contains("Ignored until 2026-05-04 12:00:00.000 UTC", text);
        Assert.Contains("Not found any more", text);
        Assert.Contains("Bob acknowledge open → acknowledged on it", text);
        Assert.True(
            text.IndexOf("Bob acknowledge", StringComparison.Ordinal) < text.IndexOf("reconciler found open", StringComparison.Ordinal)
        );
    }

    [Fact]
    public void SideThatHasNothing_SaysSo()
    {
        _row = _row with { OnChain = null, OffChain = null, MarketId = null, TradeId = null, Amount = null };
        var text = Text(Shown());
        Assert.Contains("Neither side has anything of it.", text);
        Assert.Contains("Market none Trade none", text);
        Assert.Contains("At stake unknown", text);
    }

    [Fact]
    public void WayBack_LeadsToTheSameList()
    {
        Navigation.NavigateTo($"/reconciliation/discrepancies/3?from={Uri.EscapeDataString("state=unresolved&kind=amount_mismatch")}");
        Assert.Contains("/reconciliation?state=unresolved&kind=amount_mismatch", Links(Shown()));
    }

    [Theory]
    [InlineData(DiscrepancyStates.Open, "Resolve,Acknowledge,Ignore,Add note")]
    [InlineData(DiscrepancyStates.Reopened, "Resolve,Acknowledge,Ignore,Add note")]
    [InlineData(DiscrepancyStates.Acknowledged, "Resolve,Ignore,Reopen,Add note")]
    [InlineData(DiscrepancyStates.Resolved, "Reopen,Add note")]
    [InlineData(DiscrepancyStates.Ignored, "Reopen,Add note")]
    public void EachState_HasTheDecisionsThatTheApiTakes(string state, string expected)
    {
        _row = _row with { State = state };
        var page = Shown();
        string[] all = ["Resolve", "Acknowledge", "Ignore", "Reopen", "Add note"];
        Assert.Equal(expected.Split(','), all.Where(text => HasButton(page, text)));
        Assert.All(expected.Split(','), text => Assert.False(CanPress(page, text)));
    }

    [Fact]
    public void Decision_IsSentWithItsReason_AndTheFormIsEmptyAgain()
    {
        var page = Shown();
        Field(page, "Note").Input("  agreed with the chain ");
        Assert.Contains("24 of 2,000", Text(page));
        _row = _row with { State = DiscrepancyStates.Resolved };
        Button(page, "Resolve").Click();
        page.WaitForAssertion(() => Assert.True(HasButton(page, "Reopen")));
        Assert.Equal(["""{"note":"agreed with the chain","action":"resolve","until":null,"assignee":null}"""], Api.Bodies);
        Assert.Equal(["Discrepancy 3: resolve is recorded"], Notified);
        Assert.False(CanPress(page, "Reopen"));
    }

    [Fact]
    public void Ignoring_EndsWhenItWasChosen_AndOtherDecisionsHaveNoEnd()
    {
        var page = Shown();
        Field(page, "How long it is ignored").Change("24h");
        Field(page, "Note").Input("known");
        Button(page, "Ignore").Click();
        page.WaitForAssertion(() => Assert.Single(Notified));
        Assert.Contains("\"until\":\"2026-05-05T12:00:00+00:00\"", Api.Bodies[0]);

        Field(page, "Note").Input("seen");
        Button(page, "Acknowledge").Click();
        page.WaitForAssertion(() => Assert.Equal(2, Notified.Count()));
        Assert.Contains("\"until\":null", Api.Bodies[1]);
    }

    [Fact]
    public void Assignment_NeedsAReason_AndAChange()
    {
        _row = _row with { Assignee = "Bob" };
        var page = Shown();
        Field(page, "Assignee").Input(" Carol ");
        Assert.False(CanPress(page, "Assign"));
        Assert.False(CanPress(page, "Take it"));
        Field(page, "Note").Input(" she knows the maker ");
        Field(page, "Assignee").Input("Bob");
        Assert.False(CanPress(page, "Assign"));
        Field(page, "Assignee").Input(" Carol ");
        Button(page, "Assign").Click();
        page.WaitForAssertion(() => Assert.Single(Notified));
        Assert.Equal(["""{"note":"she knows the maker","action":"assign","until":null,"assignee":"Carol"}"""], Api.Bodies);
        Assert.Equal("", Field(page, "Note").TextContent);
    }

    [Fact]
    public void TakingIt_AssignsItToTheOperator()
    {
        var page = Shown();
        Field(page, "Note").Input("mine");
        Button(page, "Take it").Click();
        page.WaitForAssertion(() => Assert.Single(Notified));
        Assert.Equal(["""{"note":"mine","action":"assign","until":null,"assignee":"Ada"}"""], Api.Bodies);
    }

    [Fact]
    public void WhatIsTheOperatorsAlready_CannotBeTaken()
    {
        _row = _row with { Assignee = "Ada" };
        Assert.False(HasButton(Shown(), "Take it"));
    }

    [Fact]
    public void HalfOfADecision_NamesWhoMadeIt_AndWhatIsMissing()
    {
        _row = _row with { Second = new SecondView(DiscrepancyActions.Resolve, "Bob", "night", Samples.Noon) };
        var page = Shown();
        Assert.Contains("Bob (key night) wants to resolve it. It is done when somebody with another key decides the same", Text(page));
        page.Find("#decision-note").Input("not yet");
        Button(page, "Withdraw").Click();
        page.WaitForAssertion(() => Assert.Single(Notified));
        Assert.Contains("\"action\":\"withdraw\"", Api.Bodies.Single());
    }

    [Theory]
    [Trait("Category", "Console")]
    [InlineData(DiscrepancyStates.Acknowledged, "Resolve", false, "reopen,acknowledge")]
    [InlineData(DiscrepancyStates.Open, "Resolve", true, "withdraw")]
    [InlineData(DiscrepancyStates.Open, "Acknowledge", false, "reopen")]
    [InlineData(DiscrepancyStates.Ignored, "Reopen", false, "ignore")]
    public void Decision_CanBeUndone_OnThePageItself(string before, string pressed, bool waits, string expected)
    {
        var batch = Guid.NewGuid();
        _row = _row with { State = before, IgnoredUntil = before == DiscrepancyStates.Ignored ? Samples.Noon.AddDays(1) : null };
        var second = waits ? new SecondView(DiscrepancyActions.Resolve, "Ada", "ada", Samples.Noon) : null;
        Api.Answer("/reconciliation/resolve/3", () => Samples.Detail(_row with { Second = second }, Entry(batch)));
        var page = Shown();
        Assert.False(HasButton(page, "Undo"));
        Field(page, "Note").Input("known");
        Button(page, pressed).Click();
        page.WaitForAssertion(() => Assert.True(HasButton(page, "Undo")));

        Api.Answer("/reconciliation/resolve", () => new BulkResolveResponse(Guid.NewGuid(), 1, 0, []));
        Button(page, "Undo").Click();
        page.WaitForAssertion(() => Assert.False(HasButton(page, "Undo")));
        var sent = Api.Bodies.Skip(1).Select(body => JsonSerializer.Deserialize<BulkResolveRequest>(body, JsonSerializerOptions.Web)!);
        Assert.Equal(expected.Split(','), sent.Select(request => request.Action));
        Assert.All(sent, request => Assert.Equal((3, "Undone: known"), (request.Ids.Single(), request.Note)));
        Assert.Equal((batch, _row.IgnoredUntil), (sent.First().Undoes, sent.First().Until));
        Assert.Contains("Undone: 1 taken back.", Notified);
    }

    [Fact]
    [Trait("Category", "Console")]
    public void UndoOfOne_IsOnItsOwnPage_AndNotOnThatOfAnother_NorAfterANote()
    {
        Api.Answer("/reconciliation/resolve/3", () => Samples.Detail(_row, Entry(Guid.NewGuid())));
        var page = Decided();
        page.WaitForAssertion(() => Assert.True(HasButton(page, "Undo")));
        Assert.True(HasButton(Shown(), "Undo"));
        Api.Answer("/reconciliation/discrepancies/4", () => Samples.Detail(_row with { Id = 4 }));
        var other = Render<DiscrepancyPage>(set => set.Add(shown => shown.Id, 4));
        other.WaitForAssertion(() => Assert.True(HasButton(other, "Resolve")));
        Assert.False(HasButton(other, "Undo"));

        Field(page, "Note").Input("more");
        Button(page, "Add note").Click();
        page.WaitForAssertion(() => Assert.False(HasButton(page, "Undo")));
    }

    [Fact]
    [Trait("Category", "Console")]
    public void SecondKeysDecision_HasNoUndo()
    {
        _row = _row with { Second = new SecondView(DiscrepancyActions.Resolve, "Bob", "night", Samples.Noon) };
        Api.Answer("/reconciliation/resolve/3", () => Samples.Detail(_row with { Second = null }, Entry(Guid.NewGuid())));
        var page = Decided();
        page.WaitForAssertion(() => Assert.Single(Notified));
        Assert.False(HasButton(page, "Undo"));
    }

    [Fact]
    [Trait("Category", "Console")]
    public void BothSides_AreAFile_AndTheirColumnsAreChosen()
    {
        Navigation.NavigateTo("/reconciliation/discrepancies/3?sides.hide=chain");
        var page = Shown();
        Assert.Contains("/export/both-sides?format=csv&of=3&sides.hide=chain", Links(page));
        Assert.Contains("Field In the journal lots ≠ 6", Text(page));
        Assert.NotEmpty(page.FindAll("[aria-label='Columns of both sides']"));
    }

    [Fact]
    public void RefusedDecision_SaysWhy_AndMayBeTriedAgain()
    {
        Api.Problem("/reconciliation/resolve/3", 409, "state_conflict");
        var page = Decided();
        page.WaitForAssertion(() => Assert.Contains("because of state_conflict", Text(page)));
        Assert.True(CanPress(page, "Resolve"));
        Assert.Empty(Notified);
    }

    [Fact]
    public void LostAnswer_IsNotCalledAFailure()
    {
        Api.Problem("/reconciliation/resolve/3", 503, ProblemCodes.Unavailable);
        var page = Decided();
        page.WaitForAssertion(() => Assert.Contains("It is not known whether this was recorded", Text(page)));
    }

    [Fact]
    public void DecisionWithoutASession_LeadsToTheSignIn()
    {
        var page = Shown();
        EndSession();
        Field(page, "Note").Input("why");
        Button(page, "Resolve").Click();
        page.WaitForAssertion(() => Assert.StartsWith("/sign-in?signedOut=true", Address));
        Assert.Empty(Api.Bodies);
    }

    private static DiscrepancyAuditView Entry(Guid batch) =>
        new(9, Samples.Noon, "Ada", "decided", DiscrepancyStates.Open, DiscrepancyStates.Open, "known", "ada", batch);

    private IRenderedComponent<DiscrepancyPage> Shown()
    {
        var page = Render<DiscrepancyPage>(set => set.Add(shown => shown.Id, 3));
        page.WaitForAssertion(() => Assert.Contains("The amounts of trade 3 differ", Text(page)));
        return page;
    }

    private IRenderedComponent<DiscrepancyPage> Decided()
    {
        var page = Shown();
        Field(page, "Note").Input("why");
        Button(page, "Resolve").Click();
        return page;
    }
}
