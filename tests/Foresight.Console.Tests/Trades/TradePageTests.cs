using Bunit;
using Foresight.Console.Trades;
using Foresight.Protocol;

namespace Foresight.Console.Tests.Trades;

public sealed class TradePageTests : ConsoleContext
{
    private TradeDetail _detail = Samples.TradeDetail();

    public TradePageTests()
    {
        Api.Answer("/admin/trades/42", () => _detail);
        Api.Answer("/markets", () => new[] { Samples.Market() });
    }

    [Fact]
    public void Trade_HasItsSides_WithTheirOrdersAndAccounts()
    {
        var page = Shown();
        page.WaitForAssertion(() =>
            Assert.Equal(
                ["0", "0x111111…2222", "0x000000…00ab", "maker", "buy", "Yes", "0.420", "12.50", ""],
                page.FindAll("[data-testid=sides] tbody tr")[0].Children.Select(cell => Text(cell))
            )
        );
        Assert.Contains($"/orders/{Samples.Hash}", Links(page));
        Assert.Contains($"/accounts/{Samples.Account}", Links(page));
        Assert.Contains("Reverted attempts 2", Text(page));
        Assert.Contains("released: the engine knows the outcome", Text(page));
    }

    [Fact]
    [Trait("Category", "Firm")]
    public void FirmTrade_IsMarked()
    {
        Assert.Contains("Kind direct Taker", Text(Shown()));
        _detail = _detail with { Trade = _detail.Trade with { Firm = true } };
        Assert.Contains("Kind direct firm Taker", Text(Shown()));
    }

    [Fact]
    public void Failure_NamesWhoItIsHeldAgainst()
    {
        var page = Shown();
        Assert.Contains("Its failure is held against 0x000000…00ab for balance moved, 1 point. Standing", Text(page));
        Assert.Contains($"/offenders/{Samples.Account}", Links(page));
    }

    [Fact]
    public void Transaction_HasNonceGasAndFee_AndThoseOfTheSameNonceBesideIt()
    {
        var page = Shown();
        Assert.Contains("Nonce 17", Text(page));
        Assert.Contains("Gas 97,500 used of 200,000", Text(page));
        Assert.Contains("Fee 1.5 gwei at most (tip 1 gwei)", Text(page));
        Assert.Contains("2 transactions: it was replaced with a higher fee", Text(page));
        Assert.Equal(
            ["0x777777…8888", "replaced", "3"],
            page.FindAll("[data-testid=transactions] tbody td").Take(3).Select(cell => Text(cell))
        );
        Assert.Contains("/reconciliation/discrepancies/3", Links(page));
    }

    [Fact]
    public void WhatThereIsNot_IsSaid()
    {
        _detail = _detail with { Batch = null, OtherTransactions = [], Discrepancies = [], Strike = null, StrikeAgainst = null };
        var page = Shown();
        Assert.Contains("It waits for a transaction", Text(page));
        Assert.Contains("No other transaction of this nonce", Text(page));
        Assert.Contains("Nothing is wrong about it", Text(page));
        Assert.DoesNotContain("held against", Text(page));
    }

    [Theory]
    [InlineData("abc")]
    [InlineData("-1")]
    [InlineData("1.5")]
    [InlineData("99999999999999999999")]
    public void IdThatIsNoNumber_IsNotAsked_AndNoOutage(string id)
    {
        var page = Render<TradePage>(set => set.Add(shown => shown.Id, id));
        page.WaitForAssertion(() => Assert.Contains("This address names no trade A trade's id is a number.", Text(page)));
        Assert.DoesNotContain(Api.Asked, path => path.StartsWith("/admin/trades", StringComparison.Ordinal));
    }

    [Fact]
    public void TradeThatIsNotThere_IsNotAnOutage_AndAnOutageIsNotThat()
    {
        Api.Problem("/admin/trades/7", 404, ProblemCodes.NotFound);
        var page = Render<TradePage>(set => set.Add(shown => shown.Id, "7"));
        page.WaitForAssertion(() => Assert.Contains("There is no such trade because of not_found", Text(page)));

        Api.Problem("/admin/trades/7", 503, ProblemCodes.Unavailable);
        Clock.Advance(TimeSpan.FromSeconds(1));
        page.WaitForAssertion(() => Assert.Contains("The trade could not be read yet", Text(page)));
        Assert.DoesNotContain("no such trade", Text(page));
    }

    private IRenderedComponent<TradePage> Shown()
    {
        var page = Render<TradePage>(set => set.Add(shown => shown.Id, "42"));
        page.WaitForAssertion(() => Assert.NotEmpty(page.FindAll("[data-testid=life]")));
        return page;
    }
}
