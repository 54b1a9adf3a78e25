using Bunit;
using Foresight.Console.Withdrawals;
using Foresight.Protocol;

namespace Foresight.Console.Tests.Withdrawals;

[Trait("Category", "Firm")]
public sealed class WithdrawalsPageTests : ConsoleContext
{
    private CountedPage<VaultWithdrawalView> _page = new([Samples.Withdrawal(unsettled: 1), Samples.CoSigned()], "next", 51);

    public WithdrawalsPageTests()
    {
        Api.Answer("/admin/withdrawals", () => _page);
        Api.Answer("/admin/overview", () => Samples.Overview() with { Settlement = Samples.Settlement() with { Firm = Samples.Firm() } });
    }

    [Fact]
    public void List_HasWhatLeaves_WithItsDeadlineAgainstUnsettledFirmTrades()
    {
        var page = Shown();
        var rows = Rows(page);
        Assert.Equal(
            ["0x000000…00ab", "USDC", "500.25", "on chain", "leaving", "11:49:00 11 min ago", "9 min", "50", "1", "0x111111…2222"],
            rows[0]
        );
        Assert.Equal(["a firm trade of its owner is not settled, and less than half of the delay is left"], rows[1]);
        Assert.Equal(["co-signed", "co signed", "11:49:00 11 min ago", "10 min", "–", "0", ""], rows[2][3..]);
        Assert.Contains($"/accounts/{Samples.Account}", Links(page));
        Assert.Contains("51 in all", Text(page));
        Assert.NotEmpty(page.FindAll("button[data-copy]"));
        Assert.Contains("/export/withdrawals?format=json", Links(page));
    }

    [Fact]
    public void PagesBySort_AreOfTheAddress_AndTheApis()
    {
        var page = Shown();
        Assert.Contains("http://localhost/?cursor=next", Links(page));
        Assert.Contains("http://localhost/?sort=-unsettledFirmTrades", Links(page));
        Assert.DoesNotContain(page.FindAll("[data-list-sort]"), head => head.GetAttribute("data-list-sort") == "amount");
        Navigation.NavigateTo("/withdrawals?cursor=next");
        page.WaitForAssertion(() => Assert.Contains("/admin/withdrawals?limit=50&cursor=next", Api.Asked));
        page.WaitForAssertion(() => Assert.Contains("a further page", Text(page)));

        Navigation.NavigateTo("/withdrawals?sort=-since&page=2");
        page.WaitForAssertion(() => Assert.Contains("/admin/withdrawals?sort=-since&limit=50&offset=50", Api.Asked));
        page.WaitForAssertion(() => Assert.Contains("51–52 of 51 First Previous page 2 of 2", Text(page)));
    }

    [Fact]
    public void Filters_AreOfTheAddress_AndForgetThePlace()
    {
        Navigation.NavigateTo($"/withdrawals?account={Samples.Account}&cursor=next");
        var page = Shown();
        page.WaitForAssertion(() => Assert.Contains($"/admin/withdrawals?account={Samples.Account}&limit=50&cursor=next", Api.Asked));
        _page = new([], null, 0);
        page.Find("select[aria-label=State]").Change(WithdrawalStates.Finished);
        Assert.Equal($"/withdrawals?account={Samples.Account}&state=finished", Address);
        page.WaitForAssertion(() => Assert.Contains("No withdrawal with these filters", Text(page)));
        Assert.Equal("http://localhost/withdrawals?state=finished", page.Find("[data-testid=account]").GetAttribute("href"));
    }

    [Fact]
    public async Task NothingLeaves_IsNotTheSameAs_NoVault()
    {
        _page = new([], null, 0);
        var page = Render<WithdrawalsPage>();
        page.WaitForAssertion(() => Assert.Contains("Nothing leaves the vault", Text(page)));
        Api.Answer("/admin/overview", () => Samples.Overview());
        await page.InvokeAsync(() => Feed.StepAsync(CancellationToken.None));
        page.WaitForAssertion(() => Assert.Contains("This exchange has no vault", Text(page)));
    }

    [Fact]
    public void Outage_KeepsWhatWasRead_AndMarksItAsOld()
    {
        var page = Shown();
        Api.Problem("/admin/withdrawals", 503, ProblemCodes.Unavailable);
        Clock.Advance(TimeSpan.FromSeconds(1));
        page.WaitForAssertion(() => Assert.Contains("stale since 12:00:00", Text(page)));
        Assert.Equal(3, Rows(page).Length);
    }

    [Theory]
    [InlineData(WithdrawalStates.Leaving, 1, -11, 9, true)]
    [InlineData(WithdrawalStates.Ready, 1, -20, 0, true)]
    [InlineData(WithdrawalStates.Leaving, 0, -11, 9, false)]
    [InlineData(WithdrawalStates.Leaving, 1, -10, 10, false)]
    [InlineData(WithdrawalStates.Cancelled, 1, -11, 9, false)]
    public void RequestIsTight_WithTradesToSettle_AndLessThanHalfOfItsDelay(string state, long trades, int since, int deadline, bool tight)
    {
        var row = Samples.Withdrawal(state, unsettled: trades) with
        {
            Since = Samples.Noon.AddMinutes(since),
            Deadline = Samples.Noon.AddMinutes(deadline),
        };
        Assert.Equal(tight, LeavingRules.IsTight(row, Samples.Noon));
        Assert.False(LeavingRules.IsTight(row with { Kind = WithdrawalKinds.CoSignature }, Samples.Noon));
    }

    private IRenderedComponent<WithdrawalsPage> Shown()
    {
        var page = Render<WithdrawalsPage>();
        page.WaitForAssertion(() => Assert.Equal(3, Rows(page).Length));
        return page;
    }
}
