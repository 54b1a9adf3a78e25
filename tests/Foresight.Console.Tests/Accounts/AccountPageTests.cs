using Bunit;
using Foresight.Console.Accounts;
using Foresight.Protocol;

namespace Foresight.Console.Tests.Accounts;

public sealed class AccountPageTests : ConsoleContext
{
    private AccountDetail _detail = Samples.AccountDetail();

    public AccountPageTests()
    {
        Api.Answer($"/admin/accounts/{Samples.Account}", () => _detail);
        Api.Answer("/markets", () => new[] { Samples.Market() });
    }

    [Fact]
    public void Balances_StandBesideTheChains_AndDifferencesAreMarked()
    {
        var page = Shown();
        page.WaitForAssertion(() => Assert.Contains("market 7 Yes", Text(page)));
        Assert.Equal(["USDC", "100", "40", "10.5", "49.5", "90", "80", "-20"], Balances(page)[0]);
        Assert.Equal("none", Balances(page)[1][^1]);
        Assert.Equal("USDC", Text(page.FindAll("tr.row-differs").Single().Children[0]));
        Assert.Contains("last change observed at block 2,100; on chain as of block 2,105", Text(page));
        Assert.Contains("On chain Approved Difference", Text(page));
    }

    [Fact]
    [Trait("Category", "Console")]
    public void DifferenceThatTradesInFlightExplain_IsNotCalledNone()
    {
        _detail = _detail with { OnChain = new ChainAccountView(2_105, [new ChainBalanceView("USDC", "104", "104")]) };
        var page = Shown();
        page.WaitForAssertion(() => Assert.Equal("+4 in flight", Balances(page)[0][^1]));
        Assert.DoesNotContain(page.FindAll("tr.row-differs"), row => Text(row).StartsWith("USDC", StringComparison.Ordinal));
    }

    [Fact]
    public void ChainThatCannotBeRead_IsNamed_AndNoDifferenceIsInvented()
    {
        _detail = _detail with { OnChain = null, OnChainUnavailable = "no answer in time" };
        var page = Shown();
        Assert.Contains("What it has on chain is not known: no answer in time", Text(page));
        Assert.Equal(["–", "–", "not read"], Balances(page)[0][5..]);
        Assert.Empty(page.FindAll("tr.row-differs"));
    }

    [Fact]
    public void OrdersTradesAndStanding_AreLinked()
    {
        var page = Shown();
        Assert.Contains($"/orders/{Samples.Hash}", Links(page));
        Assert.Contains("/trades/42", Links(page));
        Assert.Contains($"/offenders/{Samples.Account}", Links(page));
        Assert.Contains("capped", Text(page));
        Assert.Contains("Trades the newest 1 of more", Text(page));
    }

    [Fact]
    public void PastOrdersAndStrikes_HaveTheirTiles()
    {
        _detail = _detail with
        {
            PastOrders = [Samples.Order() with { OrderId = "0x99", Status = "filled" }],
            MorePastOrders = true,
            Standing = new OffenderDetail(
                Samples.Offender(),
                [new StrikeView(42, "balance_moved", 2, Samples.Noon.AddMinutes(-5), null)],
                []
            ),
        };
        var page = Shown();
        Assert.Contains("Past orders the newest 1 of more; a file has up to 10,000", Text(page));
        Assert.Contains(Rows(page), row => row is [.., "filled"]);
        Assert.Equal(["42", "11:55:00 5 min ago", "balance moved", "2", "–"], Strikes(page));

        static string[] Strikes(IRenderedComponent<AccountPage> page) =>
            [.. page.Find("[data-testid=strikes] tbody tr").Children.Select(cell => Text(cell))];
    }

    [Fact]
    [Trait("Category", "Firm")]
    public void Purses_StandBesideTheWallet_WithWhatLeaves_AndUntilWhen()
    {
        _detail = _detail with { Purses = [Samples.Purse(), Samples.Purse("7:1") with { Wallet = "0", Free = "0", ReadyAt = null }] };
        Api.Answer(
            $"/admin/withdrawals?account={Samples.Account}",
            () => new CountedPage<VaultWithdrawalView>([Samples.Withdrawal(), Samples.CoSigned()], null, 2)
        );
        var page = Shown();
        page.WaitForAssertion(() => Assert.NotEmpty(page.FindAll("[data-testid=withdrawals] tbody tr")));
        Assert.Equal(["USDC", "75", "25", "10", "5", "10", "8", "9 min", "4.5", "25%"], Cells("purses", 0));
        page.WaitForAssertion(() => Assert.Equal("market 7 No", Cells("purses", 1)[0]));
        Assert.Equal(["–", "4.5", "–"], Cells("purses", 1)[7..]);
        Assert.Equal("from block 2,100", page.Find("[data-testid=purses] td[title^='from block']").GetAttribute("title"));
        Assert.Equal(
            ["0x000000…00ab", "USDC", "500.25", "on chain", "leaving", "11:49:00 11 min ago", "9 min", "50", "0", "0x111111…2222"],
            Cells("withdrawals", 0)
        );
        Assert.Equal(["market 7 outcome 0", "199.75", "co-signed", "co signed"], Cells("withdrawals", 1)[1..5]);
        Assert.Contains($"/withdrawals?account={Samples.Account}", Links(page));
        Assert.Contains($"/export/purses?format=csv&of={Samples.Account}", Links(page));
        Assert.Contains($"/export/account-withdrawals?format=csv&of={Samples.Account}", Links(page));

        string[] Cells(string list, int row) =>
            [.. page.FindAll($"[data-testid={list}] tbody tr")[row].Children.Select(cell => Text(cell))];
    }

    [Fact]
    [Trait("Category", "Firm")]
    public void WithoutAVault_NothingOfItIsShownOrAsked()
    {
        var page = Shown();
        Assert.DoesNotContain("Vault", Text(page));
        Assert.DoesNotContain("withdrawals", Text(page));
        var asked = Asked();
        Clock.Advance(TimeSpan.FromSeconds(2));
        page.WaitForAssertion(() => Assert.True(Api.Answered($"/admin/accounts/{Samples.Account}") > 1));
        Assert.Equal(asked, Asked());

        int Asked() => Api.Asked.Count(path => path.StartsWith("/admin/withdrawals", StringComparison.Ordinal));
    }

    [Fact]
    [Trait("Category", "Firm")]
    public void FirmOrdersAndTrades_HaveAChip_AndOthersNone()
    {
        _detail = _detail with
        {
            OpenOrders = [Samples.Order() with { Purse = Purses.Vault, FirmOnly = true }, Samples.Order() with { OrderId = "0x98" }],
            Trades = [Samples.Trade(43) with { Firm = true }, Samples.Trade()],
        };
        var page = Shown();
        Assert.Contains(Rows(page), row => row.Contains("GTC, firm only firm"));
        Assert.Contains(Rows(page), row => row.Contains("direct firm"));
        Assert.Contains(Rows(page), row => row.Contains("GTC"));
        Assert.Contains(Rows(page), row => row.Contains("direct"));
        Assert.Equal(2, page.FindAll(".pill").Count(pill => Text(pill) == "firm"));
    }

    [Fact]
    public void AccountWithNothing_SaysSo()
    {
        _detail = _detail with { Balances = [], OpenOrders = [], Trades = [], Standing = null };
        var page = Render<AccountPage>(set => set.Add(shown => shown.Address, Samples.Account));
        page.WaitForAssertion(() => Assert.Contains("It has nothing that the exchange knows", Text(page)));
        Assert.Contains("No order is open", Text(page));
        Assert.Contains("It has not traded yet", Text(page));
        Assert.Contains("nothing was ever held against it", Text(page));
    }

    [Theory]
    [InlineData(404, ProblemCodes.NotFound, "There is no such account")]
    [InlineData(400, ProblemCodes.MalformedRequest, "This address names no account")]
    [InlineData(503, ProblemCodes.Unavailable, "The account could not be read yet")]
    public void WhatIsNotThere_IsNotShownAsAnOutage(int status, string code, string expected)
    {
        Api.Problem("/admin/accounts/0xno", status, code);
        var page = Render<AccountPage>(set => set.Add(shown => shown.Address, "0xno"));
        page.WaitForAssertion(() => Assert.Contains(expected, Text(page)));
    }

    [Fact]
    public void Sort_OfOneList_LeavesTheOthers()
    {
        Navigation.NavigateTo($"/accounts/{Samples.Account}?balances.sort=-available");
        _detail = _detail with { OpenOrders = [Samples.Order(), Samples.Order() with { OrderId = "0x99" }] };
        var page = Shown();
        Assert.Equal("descending", page.FindAll("[aria-sort]").Single().GetAttribute("aria-sort"));
        Assert.Equal("USDC", Balances(page)[0][0]);
    }

    [Fact]
    public void ListThatHasMore_IsNotSorted_AndOrdersLeadToAFileOfAll()
    {
        Order(more: false);
        Navigation.NavigateTo($"/accounts/{Samples.Account}?orders.sort=accepted");
        var page = Shown();
        Assert.Equal(["3.00", "5.00"], Left(page));
        Assert.NotEmpty(page.FindAll("[data-testid=open-orders] [data-list-sort]"));
        Assert.Empty(page.FindAll("[data-testid=trades] [data-list-sort]"));

        Order(more: true);
        Clock.Advance(TimeSpan.FromSeconds(2));
        page.WaitForAssertion(() => Assert.Contains("the newest 2 of more; a file has up to 10,000", Text(page)));
        Assert.Equal(["5.00", "3.00"], Left(page));
        Assert.Empty(page.FindAll("[data-testid=open-orders] [data-list-sort]"));

        void Order(bool more) =>
            _detail = _detail with
            {
                OpenOrders =
                [
                    Samples.Order() with
                    {
                        OrderId = "0x99",
                        RemainingAmount = "5",
                        AcceptedAt = Samples.Noon,
                    },
                    Samples.Order() with
                    {
                        RemainingAmount = "3",
                    },
                ],
                MoreOpenOrders = more,
            };

        static string[] Left(IRenderedComponent<AccountPage> page) =>
            [.. page.FindAll("[data-testid=open-orders] tbody tr").Select(row => Text(row.Children[6]))];
    }

    private IRenderedComponent<AccountPage> Shown()
    {
        var page = Render<AccountPage>(set => set.Add(shown => shown.Address, Samples.Account));
        page.WaitForAssertion(() => Assert.NotEmpty(page.FindAll("[data-testid=balances]")));
        return page;
    }

    private static string[][] Balances(IRenderedComponent<AccountPage> page) =>
        [.. page.FindAll("[data-testid=balances] tbody tr").Select(row => row.Children.Select(cell => Text(cell)).ToArray())];
}
