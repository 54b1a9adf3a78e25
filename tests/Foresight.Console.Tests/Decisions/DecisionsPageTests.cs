using Bunit;
using Foresight.Console.Decisions;
using Foresight.Protocol;

namespace Foresight.Console.Tests.Decisions;

public sealed class DecisionsPageTests : ConsoleContext
{
    private DecisionLog _log = new(
        Samples.Noon.AddHours(-24),
        [
            new(Samples.Noon.AddMinutes(-1), "Ada", "ada", "discrepancy", "1", "resolve", "open", "resolved", "Paid back.", null),
            new(Samples.Noon.AddMinutes(-2), "Grace", null, "market", "2", "pause", null, null, "Odd fills.", null),
            new(Samples.Noon.AddMinutes(-3), "Ada", "ada", "offender", Samples.Account, "waive", null, null, "Its wallet failed.", null),
        ],
        More: false
    );

    public DecisionsPageTests() => Api.Answer("/admin/decisions", () => _log);

    [Fact]
    public void Decision_NamesWhatItIsAbout_AndAKeyOnlyWhereOneIsKnown()
    {
        var page = Shown();
        Assert.Equal(["discrepancy 1", "market 2"], Rows(page)[..2].Select(row => row[3]));
        Assert.StartsWith("offender 0x000000", Rows(page)[2][3], StringComparison.Ordinal);
        // As it is read, without the spaces that stand between elements of the markup.
        Assert.Equal("discrepancy 1", page.FindAll("tbody tr td")[3].TextContent.Trim());
        Assert.Equal(["Ada (key ada)", "Grace", "Ada (key ada)"], Rows(page).Select(row => row[1]));
    }

    [Fact]
    public void Range_IsMarked_AndPartOfTheAddress()
    {
        var page = Shown();
        Assert.Contains("Decisions 3 in 24 h", Text(page));
        Assert.Equal("24 h", Text(page.FindAll(".ranges a[aria-current=true]").Single()));
        Assert.Contains("hours=168", page.FindAll(".ranges a")[2].GetAttribute("href"), StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Category", "Console")]
    [InlineData("x")]
    [InlineData("5")]
    [InlineData("99999999999999999999")]
    public void RangeThatIsNone_IsADay(string hours)
    {
        Navigation.NavigateTo($"/decisions?hours={hours}");
        Assert.Contains("Decisions 3 in 24 h", Text(Shown()));
    }

    [Fact]
    [Trait("Category", "Console")]
    public void AnotherRange_IsReadAtOnce()
    {
        var page = Shown();
        Navigation.NavigateTo("/decisions?hours=168");
        page.WaitForAssertion(() => Assert.Contains("/admin/decisions?hours=168", Api.Asked));
    }

    [Fact]
    [Trait("Category", "Console")]
    public void Filters_AreTheAddress_AndTheApis()
    {
        Navigation.NavigateTo("/decisions");
        var page = Shown();
        Field(page, "About").Change(DecisionSubjects.Market);
        Field(page, "Who decided").Change(" Grace ");
        Assert.Equal("/decisions?subject=market&actor=Grace", Address);
        page.WaitForAssertion(() => Assert.Contains("/admin/decisions?hours=24&subject=market&actor=Grace", Api.Asked));

        _log = _log with { Decisions = [] };
        Field(page, "Who decided").Change("Bob");
        page.WaitForAssertion(() => Assert.Contains("Nothing with these filters", Text(page)));
        Field(page, "Who decided").Change("");
        Assert.Equal("/decisions?subject=market", Address);
    }

    [Fact]
    [Trait("Category", "Console")]
    public void BulkDecision_IsOneLine_WithTheNumberOfTheOthers()
    {
        _log = _log with { Decisions = [_log.Decisions[0] with { Batch = Guid.NewGuid(), Subjects = 1_200 }, .. _log.Decisions.Skip(1)] };
        Assert.Equal("discrepancy 1 and 1,199 more", Rows(Shown())[0][3]);
    }

    private IRenderedComponent<DecisionsPage> Shown()
    {
        var page = Render<DecisionsPage>();
        page.WaitForAssertion(() => Assert.Equal(3, Rows(page).Length));
        return page;
    }
}
