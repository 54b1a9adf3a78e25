using Bunit;
using Foresight.Console.Settlement;
using Foresight.Protocol;

namespace Foresight.Console.Tests.Settlement;

public sealed class SettlementPageTests : ConsoleContext
{
    private SettlementDetail _detail = Samples.SettlementDetail();
    private CountedPage<BatchView> _batches = new([Samples.Batch(), Samples.Batch(4, TradeStates.Final)], "4", 2_000);

    public SettlementPageTests()
    {
        Api.Answer("/admin/settlement", () => _detail);
        Api.Answer("/admin/settlement/batches", () => _batches);
        Api.Answer("/admin/overview", () => Samples.Overview());
        Api.Answer("/admin/history", () => Samples.History());
    }

    [Fact]
    public void Queue_HasEachState_WithItsOldestTrade()
    {
        var page = Shown();
        Assert.Contains(Rows(page), row => row is ["matched", "2", "11:59:30 30 s ago", "41"]);
        Assert.Contains(Rows(page), row => row is ["mined", "3", "11:56:00 4 min ago", "40"]);
        Assert.Contains("Waiting trades 5 Oldest 4 min Failed in 24 h 4 Stuck transactions 0", Text(page));
        Assert.Contains("/trades?settlement=mined", Links(page));
        Assert.Contains("/trades/41", Links(page));
        Assert.Contains(Rows(page), row => row is ["balance moved", "4", "11:00:00 60 min ago"]);
    }

    [Fact]
    public void Halt_IsSaid_WithItsStartAndItsReason()
    {
        _detail = Samples.SettlementDetail(halted: "the chain undid more than 64 blocks.");
        var page = Shown();
        Assert.Contains(
            "Settlement is halted since 11:53:00 7 min ago . the chain undid more than 64 blocks.",
            Text(page.Find("[role=alert]"))
        );
    }

    [Fact]
    public void WhatTheHolderReports_IsAsOldAsItsReport_AndTheQueueIsNot()
    {
        var overview = Samples.Overview();
        Api.Answer(
            "/admin/overview",
            () => overview with { Settlement = overview.Settlement! with { ReportedAt = Samples.Noon.AddSeconds(-30) } }
        );
        var page = Shown();
        page.InvokeAsync(() => Feed.StepAsync(CancellationToken.None));
        page.WaitForAssertion(() => Assert.Equal(["Now", "RPC endpoints"], Stale(page)));
        Assert.Contains("Chain head 2,105 confirmed to 2,100 stale since 11:59:30 UTC", Text(page));
        Assert.Equal("matching-1 does not report.", page.Find(".figure-stale-note").GetAttribute("title"));

        overview = overview with { Settlement = overview.Settlement! with { ReportedAt = null } };
        Api.Answer("/admin/overview", () => overview);
        page.InvokeAsync(() => Feed.StepAsync(CancellationToken.None));
        page.WaitForAssertion(() => Assert.Empty(Stale(page)));

        static IEnumerable<string?> Stale(IRenderedComponent<SettlementPage> page) =>
            page.FindAll(".tile-stale").Select(tile => tile.GetAttribute("aria-label"));
    }

    [Fact]
    public async Task ChainThatStands_MakesTheReportOld()
    {
        for (var second = 0; second < 100; second++)
        {
            Clock.Advance(TimeSpan.FromSeconds(1));
            await Feed.StepAsync(CancellationToken.None);
        }

        Assert.True(Feed.SettlementReport.IsStale);
        Assert.Equal(("The chain does not move", false), (Feed.SettlementReport.Failure, Feed.Settlement.IsStale));
    }

    [Fact]
    public void Endpoints_AreShown_WithWhyOneIsOut()
    {
        var page = Shown();
        Assert.Contains(Rows(page), row => row is ["rpc-1", "healthy", "2,105", "0"]);
        Assert.Contains(Rows(page), row => row is ["rpc-2", "out", "2,100", "5"]);
        Assert.Contains(Rows(page), row => row is ["no answer within 1 s"]);
    }

    [Fact]
    public void Transactions_HaveNonceGasFeeAndAge_AndAReplacedOneIsMarked()
    {
        _batches = new([Samples.Batch(transactions: 3)], null, 1);
        var row = Assert.Single(Rows(Shown()), cells => cells.Length == 11);
        Assert.Equal(["5", "mined", "45 ×3", "7", "3"], row[..5]);
        Assert.Equal(["2,104", "291,234 of 900,000", "2.5 gwei", "20 s ago", "3 s"], row[6..]);
    }

    [Fact]
    public void TransactionThatIsInNoBlock_IsStuckAfterAMinute_AndNotBefore()
    {
        var sent = Samples.Batch(6, TradeStates.Broadcast) with { BroadcastAt = Samples.Noon.AddSeconds(-60) };
        Assert.False(BatchRules.IsStuck(sent, sent.Signer, Samples.Noon));
        Assert.True(BatchRules.IsStuck(sent, sent.Signer, Samples.Noon.AddSeconds(1)));
        Assert.True(BatchRules.IsStuck(sent, null, Samples.Noon.AddSeconds(1)));
        Assert.False(BatchRules.IsStuck(sent, "0xformer", Samples.Noon.AddHours(1)));
        Assert.False(BatchRules.IsStuck(sent with { State = BatchStates.Mined }, sent.Signer, Samples.Noon.AddHours(1)));

        var old = sent with { BroadcastAt = Samples.Noon.AddSeconds(-75) };
        _detail = _detail with { Batches = [old] };
        _batches = new([old], null, 1);
        var page = Shown();
        Assert.Contains("stuck: not in a block for 75 s", Text(page));
        Assert.Contains("Stuck transactions 1", Text(page));
    }

    [Fact]
    [Trait("Category", "Firm")]
    public void FirmMoney_IsShownAgainstItsBounds_WithTheNextWithdrawals()
    {
        _detail = _detail with { Status = _detail.Status with { Firm = Samples.Firm() } };
        Api.Answer(
            "/admin/withdrawals?limit=10",
            () => new CountedPage<VaultWithdrawalView>([Samples.Withdrawal(unsettled: 3), Samples.CoSigned()], "next", 12)
        );
        var page = Shown();
        page.WaitForAssertion(() => Assert.NotEmpty(page.FindAll("[data-testid=withdrawals] tbody tr")));
        var firm = Text(page.Find("[data-testid=firm]"));
        Assert.StartsWith("Firm orders taken Unsettled firm trades 3 of at most 500 · 1,250.5 USDC Oldest of them 40 s", firm);
        Assert.Contains("Settlement does 0.8 trades/s Without a new block taken until 12:04:00", firm);
        Assert.Contains("delay of 100 blocks and 20 min Open withdrawals 2 · 700 USDC Next delay over in 9 min", firm);
        Assert.Contains("Withdrawals the next 10 of 12", Text(page));
        Assert.Equal("leaving", Text(page.FindAll("[data-testid=withdrawals] tbody tr")[0].Children[4]));
        // 9 of 20 minutes are left.
        Assert.Contains("3 firm trades of its owner are not settled, and less than half of the delay is left", Text(page));
        Assert.Contains("/withdrawals", Links(page));
    }

    [Fact]
    [Trait("Category", "Firm")]
    public void FirmOrdersThatAreRefused_HaveTheReason_AndItsStart()
    {
        var firm = Samples.Firm(FirmRefusals.TradeWaits, Samples.Noon.AddMinutes(-2), Samples.Noon.AddMinutes(-7));
        _detail = _detail with { Status = _detail.Status with { Firm = firm } };
        Api.Answer("/admin/withdrawals?limit=10", () => new CountedPage<VaultWithdrawalView>([], null, 0));
        var page = Shown();
        page.WaitForAssertion(() => Assert.Contains("Nothing leaves the vault", Text(page)));
        Assert.Contains(
            "refused a firm trade has waited for longer than a quarter of the vault's delay, since 11:58:00 2 min ago",
            Text(page.Find("[data-testid=firm]"))
        );
        Assert.Equal("7 min", Text(page.Find("[data-testid=firm] .tone-bad")));
    }

    [Fact]
    [Trait("Category", "Firm")]
    public void WithoutAVault_NothingOfItIsShown()
    {
        var page = Shown();
        Assert.Empty(page.FindAll("[data-testid=firm]"));
        Assert.DoesNotContain("/withdrawals", Links(page));
    }

    [Fact]
    public void Pages_AreInTheAddress_AndAskedAtOnce()
    {
        var page = Shown();
        Assert.Contains("http://localhost/?cursor=4", Links(page));
        Navigation.NavigateTo("/settlement?cursor=4");
        page.WaitForAssertion(() => Assert.Contains("/admin/settlement/batches?limit=50&cursor=4", Api.Asked));
        page.WaitForAssertion(() => Assert.Contains("an older page", Text(page)));
        Assert.DoesNotContain("page 1 of", Text(page));
    }

    [Fact]
    public void AState_IsInTheAddress_AndBeginsAtTheNewest()
    {
        Navigation.NavigateTo("/settlement?cursor=4");
        var page = Shown();
        _batches = new([], null, 0);
        page.Find("select[aria-label=State]").Change(BatchStates.Failed);
        Assert.Equal("http://localhost/settlement?state=failed", Navigation.Uri);
        page.WaitForAssertion(() => Assert.Contains("/admin/settlement/batches?state=failed&limit=50", Api.Asked));
        page.WaitForAssertion(() => Assert.Contains("No transaction in this state", Text(page)));
    }

    [Fact]
    public void Transactions_AreSortedByTheApi_OverAllPages_AndStaySoUnderUpdates()
    {
        Navigation.NavigateTo("/settlement?state=final&cursor=4");
        var page = Shown();
        Assert.Contains("http://localhost/settlement?state=final&sort=-maxFeeWei", Links(page));
        Assert.Empty(page.FindAll("[data-testid=batches] [data-list-sort=transaction]"));

        Navigation.NavigateTo("/settlement?state=final&sort=-trades&page=3");
        const string Asked = "/admin/settlement/batches?state=final&sort=-trades&limit=50&offset=100";
        page.WaitForAssertion(() => Assert.Contains("101–102 of 2,000 First Previous Next Last page 3 of 40", Text(page)));
        // In the order of the Api, which is not the console's: it does not have the other pages.
        _batches = _batches with
        {
            Items = [Samples.Batch(6) with { Trades = 1 }, Samples.Batch(5)],
        };
        var asked = Api.Answered(Asked);
        Clock.Advance(TimeSpan.FromSeconds(1));
        page.WaitForAssertion(() => Assert.True(Api.Answered(Asked) > asked));
        page.WaitForAssertion(() =>
            Assert.Equal(["6", "5"], page.FindAll("[data-testid=batches] tbody tr").Select(row => Text(row.Children[0])))
        );
        Assert.Equal("/settlement?state=final&sort=-trades&page=3", Address);
        Assert.Equal("descending", page.Find("[data-testid=batches] th[aria-sort]").GetAttribute("aria-sort"));
        Assert.DoesNotContain(Api.Asked, path => path.Contains("sort=", StringComparison.Ordinal) && path.Contains("cursor="));
    }

    [Fact]
    public void MoreThanTheApiSorts_IsNamed()
    {
        _batches = _batches with { Total = SortedLists.Rows };
        Navigation.NavigateTo("/settlement?sort=nonce&page=99999");
        var page = Shown();
        Assert.Contains("the newest 10,000", Text(page));
        Assert.Contains("/admin/settlement/batches?sort=nonce&limit=50&offset=9950", Api.Asked);
    }

    [Fact]
    public void BadCursor_IsAnErrorOfTheAddress_AndTheRestOfThePageStays()
    {
        Api.Problem("/admin/settlement/batches", 400, ProblemCodes.MalformedRequest);
        Navigation.NavigateTo("/settlement?cursor=x");
        var page = Render<SettlementPage>();
        page.WaitForAssertion(() => Assert.Contains("This address cannot be answered because of malformed_request", Text(page)));
        page.WaitForAssertion(() => Assert.Contains("Waiting trades 5", Text(page)));
    }

    [Fact]
    public async Task NothingWaits_IsNotTheSameAs_NothingCouldBeRead()
    {
        _detail = _detail with { Queue = [], Batches = [], FailuresLast24Hours = [] };
        _batches = new([], null, 0);
        var page = Shown();
        Assert.Contains("Nothing waits", Text(page));
        Assert.Contains("No transaction yet", Text(page));

        Api.Problem("/admin/settlement", 503, ProblemCodes.Unavailable);
        Clock.Advance(TimeSpan.FromSeconds(1));
        page.WaitForAssertion(() => Assert.Contains("stale since 12:00:00", Text(page)));

        await using var other = new OutageContext();
        Assert.DoesNotContain("Nothing waits", other.Text(), StringComparison.Ordinal);
    }

    private IRenderedComponent<SettlementPage> Shown()
    {
        var page = Render<SettlementPage>();
        page.WaitForAssertion(() => Assert.Contains("Waiting trades", Text(page)));
        page.WaitForAssertion(() => Assert.Contains("Signer", Text(page)));
        page.WaitForAssertion(() => Assert.True(Text(page).Contains("To its block") || Text(page).Contains("No transaction yet")));
        return page;
    }

    private sealed class OutageContext : ConsoleContext
    {
        public string Text()
        {
            Api.Problem("/admin", 503, ProblemCodes.Unavailable);
            var page = Render<SettlementPage>();
            page.WaitForAssertion(() => Assert.Contains("Nothing could be read yet", Text(page)));
            return Text(page);
        }
    }
}
