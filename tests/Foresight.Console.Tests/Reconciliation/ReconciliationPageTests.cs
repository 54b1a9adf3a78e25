using Bunit;
using Foresight.Console.Reconciliation;
using Foresight.Protocol;

namespace Foresight.Console.Tests.Reconciliation;

public sealed class ReconciliationPageTests : ReconciliationContext
{
    [Fact]
    public void WhatWaitsForADecision_IsAskedForFirst_AndShownAsItCame()
    {
        Assert.Equal(
            ["reopened high", "open low", "acknowledged critical", "resolved critical"],
            Discrepancies(Shown()).Select(row => $"{row[1]} {row[2]}")
        );
        Assert.Contains("/reconciliation/discrepancies?sort=urgency&limit=25", Api.Asked);
    }

    [Fact]
    public void SortPageAndSize_AreTheAddress_AndTheApis()
    {
        Total = 612;
        Navigation.NavigateTo("/reconciliation?state=open&sort=-amount&page=3&runs.sort=took");
        var page = Shown();
        Assert.Contains("/reconciliation/discrepancies?state=open&sort=-amount&limit=25&offset=50", Api.Asked);
        Assert.Contains("51–54 of 612 First Previous Next Last page 3 of 25", Text(page));
        Assert.Contains("612 in all", Text(page));

        Field(page, "Rows on a page").Change("500");
        Assert.Equal("/reconciliation?state=open&sort=-amount&runs.sort=took&size=500", Address);
        page.WaitForAssertion(() => Assert.Contains("/reconciliation/discrepancies?state=open&sort=-amount&limit=500", Api.Asked));

        Navigation.NavigateTo("/reconciliation?state=open&page=2");
        Field(page, "State").Change("ignored");
        Assert.Equal("/reconciliation?state=ignored", Address);
    }

    [Fact]
    [Trait("Category", "Console")]
    public void FilterThatDoesNotExist_IsNoEmptyList()
    {
        Api.Problem("/reconciliation/discrepancies?severity=Critical", 400, ProblemCodes.MalformedRequest);
        Navigation.NavigateTo("/reconciliation?severity=Critical");
        var page = Render<ReconciliationPage>();
        page.WaitForAssertion(() => Assert.Contains("This address cannot be answered", Text(page)));
        Assert.DoesNotContain("Nothing with these filters", Text(page), StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Category", "Console")]
    public void PageWhoseRowsAreAllDecided_LeadsToTheLastOne()
    {
        Navigation.NavigateTo("/reconciliation?state=open&page=9");
        Api.Answer(
            "/reconciliation/discrepancies?state=open&sort=urgency&limit=25&offset=200",
            () => new CountedPage<DiscrepancyView>([], null, 60)
        );
        Render<ReconciliationPage>().WaitForAssertion(() => Assert.Equal("/reconciliation?state=open&page=3", Address));
    }

    [Fact]
    public void PageOfTheList_StaysUnderLiveUpdates()
    {
        Total = 60;
        Navigation.NavigateTo("/reconciliation?page=2");
        var page = Shown();
        const string Second = "/reconciliation/discrepancies?sort=urgency&limit=25&offset=25";
        for (var i = 0; i < 5; i++)
        {
            var answered = Api.Answered(Second);
            Clock.Advance(TimeSpan.FromSeconds(1));
            page.WaitForAssertion(() => Assert.True(Api.Answered(Second) > answered));
        }

        Assert.Equal("/reconciliation?page=2", Address);
        Assert.DoesNotContain("/reconciliation/discrepancies?sort=urgency&limit=25", Api.Asked);
    }

    [Fact]
    public void Figures_SayHowTheTwoLedgersStand()
    {
        var text = Text(Shown());
        Assert.Contains("4 in all", text);
        Assert.Contains("Open discrepancies 2", text);
        Assert.Contains("Compared to block 2,100 of 2,105", text);
        Assert.Contains("Next run 12:01:00 UTC every 5 min", text);
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
            Assert.Contains("/reconciliation/discrepancies?state=live&kind=amount_mismatch&assignee=Ada&sort=urgency&limit=25", Api.Asked)
        );
        var links = Links(page);
        Assert.Contains("/export/discrepancies?format=csv&state=unresolved&kind=amount_mismatch&assignee=Ada", links);
        Assert.Contains("/reconciliation/discrepancies/4?from=state%3Dunresolved%26kind%3Damount_mismatch%26assignee%3DAda", links);
    }

    [Fact]
    public void Text_IsAFilter_ThatAnEmptyFieldTakesBack()
    {
        var page = Shown();
        page.Find("[data-testid=filter-text]").Change(" 0xab ");
        Assert.Equal("/reconciliation?text=0xab", Address);
        page.WaitForAssertion(() => Assert.Contains("/reconciliation/discrepancies?text=0xab&sort=urgency&limit=25", Api.Asked));
        page.Find("[data-testid=filter-text]").Change(" ");
        Assert.Equal("/reconciliation", Address);
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
