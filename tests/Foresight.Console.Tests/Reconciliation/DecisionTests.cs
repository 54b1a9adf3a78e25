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
        Assert.Contains("Both sides fills by order; what differs is marked Field On chain In the journal lots ≠ 5 6", text);
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
    [InlineData(DiscrepancyStates.Acknowledged, "Resolve,Ignore,Add note")]
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
    public void Assignment_NeedsNoReason_AndNeedsAChange()
    {
        _row = _row with { Assignee = "Bob" };
        var page = Shown();
        Assert.False(CanPress(page, "Assign"));
        Field(page, "Assignee").Input(" Carol ");
        Button(page, "Assign").Click();
        page.WaitForAssertion(() => Assert.Single(Notified));
        Assert.Equal(["""{"note":null,"action":"assign","until":null,"assignee":"Carol"}"""], Api.Bodies);
    }

    [Fact]
    public void TakingIt_AssignsItToTheOperator()
    {
        var page = Shown();
        Button(page, "Take it").Click();
        page.WaitForAssertion(() => Assert.Single(Notified));
        Assert.Contains("\"assignee\":\"Ada\"", Api.Bodies.Single());
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
