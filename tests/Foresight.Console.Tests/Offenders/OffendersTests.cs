using Bunit;
using Foresight.Console.Offenders;
using Foresight.Protocol;

namespace Foresight.Console.Tests.Offenders;

public sealed class OffendersTests : ConsoleContext
{
    private static readonly OffenderView Capped = Samples.Offender();

    private OffenderDetail _detail = new(
        Capped,
        [new StrikeView(42, "balance_moved", 1, Samples.Noon.AddMinutes(-5), null)],
        [new OffenderAuditView(Samples.Noon.AddHours(-1), "Bob", "reset", 1, "a fault of ours", "night")]
    );

    public OffendersTests() => Api.Answer($"/admin/offenders/{Capped.Address}", () => _detail);

    [Fact]
    public void List_HasEachStanding_AndCountsTheLimitedOnes()
    {
        Api.Answer(
            "/admin/offenders",
            () => new[] { Capped, Samples.Offender(OffenderLevels.Refused, 9), Samples.Offender(OffenderLevels.Clear, 0) }
        );
        var page = Render<OffendersPage>();
        page.WaitForAssertion(() => Assert.Contains("1 refused, 1 capped", Text(page)));
        Assert.Equal(
            ["0x000000…00ab", "capped", "3", "20 min", "3", "balance moved ×2, approval revoked", "11:55:00 5 min ago"],
            Rows(page)[0]
        );
        Assert.Equal("–", Rows(page)[2][3]);
    }

    [Fact]
    public void List_IsFilteredByStandingAndReason_InTheAddress()
    {
        var refused = Samples.Offender(OffenderLevels.Refused, 9) with
        {
            Address = "0x00000000000000000000000000000000000000cd",
            ByReason = new Dictionary<string, int> { ["balance_moved"] = 9 },
        };
        Api.Answer("/admin/offenders", () => new[] { Capped, refused });
        Navigation.NavigateTo("/offenders?sort=-standing&page=2");
        var page = Render<OffendersPage>();
        page.WaitForAssertion(() => Assert.Equal(["refused", "capped"], Rows(page).Select(row => row[1])));

        Field(page, "Reason").Change("approval_revoked");
        Assert.Equal("/offenders?sort=-standing&reason=approval_revoked", Address);
        page.WaitForAssertion(() => Assert.Equal(["capped"], Rows(page).Select(row => row[1])));
        Assert.Contains("/export/offenders?format=csv&sort=-standing&reason=approval_revoked", Links(page));

        Field(page, "Standing").Change(OffenderLevels.Refused);
        page.WaitForAssertion(() => Assert.Contains("No account with these filters", Text(page)));
        Assert.Contains("1 refused, 1 capped", Text(page));
    }

    [Fact]
    public void EmptyList_SaysSo()
    {
        Api.Answer("/admin/offenders", Array.Empty<OffenderView>);
        var page = Render<OffendersPage>();
        page.WaitForAssertion(() => Assert.Contains("Nobody is limited", Text(page)));
        Assert.DoesNotContain("0 refused", Text(page));
    }

    [Fact]
    public void Account_IsShownWithItsFailedTrades_AndWhoWaivedWhat()
    {
        var page = Shown();
        Assert.Contains("the worth of its open orders is bounded", Text(page));
        Assert.Equal(["42", "11:55:00 5 min ago", "balance moved", "1", "–"], Rows(page).Single());
        Assert.Contains("Bob waived 1 failed trade a fault of ours", Text(page));
    }

    [Fact]
    public void AccountThatIsNotThere_IsNotShownAsClear()
    {
        Api.Problem("/admin/offenders/0xno", 404, ProblemCodes.NotFound);
        var page = Render<OffenderPage>(set => set.Add(shown => shown.Address, "0xno"));
        page.WaitForAssertion(() => Assert.Contains("There is no such offender because of not_found", Text(page)));
    }

    [Fact]
    public void Waiving_NeedsAReason_AndAYes()
    {
        var page = Shown();
        Assert.False(CanPress(page, "Waive…"));
        Field(page, "Note").Input("   ");
        Assert.False(CanPress(page, "Waive…"));

        Field(page, "Note").Input("  our fault ");
        Button(page, "Waive…").Click();
        Assert.Contains("Waive 3 failed trades? It may trade without a limit at once.", Text(page));
        Assert.Empty(Api.Bodies);

        Button(page, "Cancel").Click();
        Assert.False(HasButton(page, "Yes, waive"));
        Assert.Empty(Api.Bodies);
    }

    [Fact]
    public void WaivedAccount_IsReadAgain_AndItsFormIsEmpty()
    {
        Api.Answer($"/admin/offenders/{Capped.Address}/reset", () => _detail);
        var page = Shown();
        Field(page, "Note").Input("  our fault ");
        Button(page, "Waive…").Click();
        _detail = new OffenderDetail(Samples.Offender(OffenderLevels.Clear, 0), [], []);
        Button(page, "Yes, waive").Click();

        page.WaitForAssertion(() => Assert.Contains("Nothing counts against this account.", Text(page)));
        Assert.Equal(["""{"note":"our fault"}"""], Api.Bodies);
        Assert.Equal(["0x000000…00ab: is as everybody again"], Notified);
        Assert.Contains("as everybody", Text(page));
        Assert.False(CanPress(page, "Waive…"));
    }

    [Fact]
    public void RefusedWaiver_SaysWhy_AndKeepsTheReason()
    {
        Api.Problem($"/admin/offenders/{Capped.Address}/reset", 400, ProblemCodes.MalformedRequest);
        var page = Waived("our fault");
        page.WaitForAssertion(() => Assert.Contains("because of malformed_request", Text(page)));
        Assert.Equal("our fault", Field(page, "Note").GetAttribute("value") ?? Text(Field(page, "Note")));
        Assert.Empty(Notified);
    }

    [Fact]
    public void LostAnswer_IsNotCalledAFailure()
    {
        Api.Problem($"/admin/offenders/{Capped.Address}/reset", 503, ProblemCodes.Unavailable);
        var page = Waived("our fault");
        page.WaitForAssertion(() => Assert.Contains("It is not known whether this was recorded", Text(page)));
    }

    [Fact]
    public void TakingAWaiverBack_NeedsAReason_AndAYes()
    {
        var page = Shown();
        Assert.False(CanPress(page, "Take back…"));
        Field(page, "Why").Input("   ");
        Assert.False(CanPress(page, "Take back…"));

        Field(page, "Why").Input(" the wrong account ");
        Button(page, "Take back…").Click();
        Assert.Contains("Take back Bob's waiver of 1 failed trade? What has not faded counts again at once.", Text(page));
        Button(page, "Cancel").Click();
        Assert.False(HasButton(page, "Yes, take back"));
        Assert.Empty(Api.Bodies);
    }

    [Fact]
    public void WaiverThatIsTakenBack_IsInTheHistory_AndCannotBeTakenBackAgain()
    {
        Api.Answer($"/admin/offenders/{Capped.Address}/undo-reset", () => _detail);
        var page = Shown();
        Field(page, "Why").Input(" the wrong account ");
        Button(page, "Take back…").Click();
        var undone = new OffenderAuditView(Samples.Noon, "Ada", OffenderActions.UndoReset, 1, "the wrong account", "day");
        _detail = _detail with { Audit = [undone, .. _detail.Audit] };
        Button(page, "Yes, take back").Click();

        page.WaitForAssertion(() => Assert.Contains("Ada took back a waiver of 1 failed trade the wrong account", Text(page)));
        Assert.Contains("Bob waived 1 failed trade a fault of ours", Text(page));
        // The waiver that was asked about, so that no later one is taken back instead.
        Assert.StartsWith("""{"note":"the wrong account","at":"2026-""", Assert.Single(Api.Bodies), StringComparison.Ordinal);
        Assert.Equal(["0x000000…00ab: has its strikes again"], Notified);
        Assert.False(HasButton(page, "Take back…"));
    }

    [Fact]
    public void AccountWithoutAWaiver_HasNothingToTakeBack()
    {
        _detail = _detail with { Audit = [] };
        Assert.False(HasButton(Shown(), "Take back…"));
    }

    [Fact]
    public void RefusedTakingBack_HasItsCause_AndKeepsTheReason()
    {
        Api.Problem($"/admin/offenders/{Capped.Address}/undo-reset", 409, "state_conflict");
        var page = Shown();
        Field(page, "Why").Input("the wrong account");
        Button(page, "Take back…").Click();
        Button(page, "Yes, take back").Click();
        page.WaitForAssertion(() => Assert.Contains("because of state_conflict", Text(page)));
        Assert.Equal("the wrong account", Field(page, "Why").GetAttribute("value") ?? Text(Field(page, "Why")));
        Assert.Empty(Notified);
    }

    private IRenderedComponent<OffenderPage> Shown()
    {
        var page = Render<OffenderPage>(set => set.Add(shown => shown.Address, Capped.Address));
        page.WaitForAssertion(() => Assert.Contains(Capped.Address, Text(page)));
        return page;
    }

    private IRenderedComponent<OffenderPage> Waived(string note)
    {
        var page = Shown();
        Field(page, "Note").Input(note);
        Button(page, "Waive…").Click();
        Button(page, "Yes, waive").Click();
        return page;
    }
}
