using Bunit;
using Foresight.Console.Transactions;
using Foresight.Protocol;

namespace Foresight.Console.Tests.Transactions;

public sealed class TransactionPageTests : ConsoleContext
{
    private TransactionDetail _detail = new(Samples.BatchOfTwo(), [], [Samples.Trade(settlement: TradeStates.Mined)], MoreTrades: true);

    public TransactionPageTests()
    {
        Api.Answer($"/admin/transactions/{Samples.Hash}", () => _detail);
        Api.Answer("/markets", () => new[] { Samples.Market() });
    }

    [Fact]
    public void Transaction_HasNonceGasFeeAge_AndItsTrades()
    {
        var page = Shown();
        Assert.Contains("Nonce 17", Text(page));
        Assert.Contains("Trades 3 of market 7", Text(page));
        Assert.Contains("Signed 11:59:00 60 s ago", Text(page));
        Assert.Contains("First sent 11:59:01 59 s ago", Text(page));
        Assert.Contains("In a block 1,234 11:59:10 50 s ago", Text(page));
        Assert.Contains("batch 5 · epoch 3", Text(page));
        Assert.Contains("the first 100", Text(page));
        Assert.Contains("/trades/42", Links(page));
    }

    [Fact]
    public void TransactionThatFailed_HasItsError_AndWhatIsNotKnownIsSaid()
    {
        _detail = new TransactionDetail(
            Samples.BatchOfTwo() with
            {
                State = "failed",
                Error = "nonce too low",
                MarketId = null,
                Trades = 0,
                BroadcastAt = null,
                BlockNumber = null,
                MinedAt = null,
                GasUsed = null,
                Transactions = 1,
            },
            [],
            [],
            MoreTrades: false
        );
        var page = Shown();
        Assert.Contains("Error nonce too low", Text(page));
        Assert.Contains("none: a sign of life", Text(page));
        Assert.Contains("First sent not known", Text(page));
        Assert.Contains("In a block not yet", Text(page));
        Assert.Contains("Gas 200,000 at most", Text(page));
        Assert.Contains("only this one", Text(page));
        Assert.Contains("It has no trade now", Text(page));
    }

    [Theory]
    [InlineData(404, ProblemCodes.NotFound, "There is no such transaction")]
    [InlineData(400, ProblemCodes.MalformedRequest, "This address names no transaction")]
    [InlineData(503, ProblemCodes.Unavailable, "The transaction could not be read yet")]
    public void WhatIsNotThere_IsNotShownAsAnOutage(int status, string code, string expected)
    {
        Api.Problem("/admin/transactions/0xno", status, code);
        var page = Render<TransactionPage>(set => set.Add(shown => shown.Hash, "0xno"));
        page.WaitForAssertion(() => Assert.Contains(expected, Text(page)));
    }

    [Fact]
    public void Outage_KeepsWhatWasRead_AndMarksIt()
    {
        var page = Shown();
        Api.Problem($"/admin/transactions/{Samples.Hash}", 503, ProblemCodes.Unavailable);
        Clock.Advance(TimeSpan.FromSeconds(1));
        page.WaitForAssertion(() => Assert.Contains("stale since 12:00:00 UTC", Text(page)));
        Assert.Contains("Nonce 17", Text(page));
    }

    private IRenderedComponent<TransactionPage> Shown()
    {
        var page = Render<TransactionPage>(set => set.Add(shown => shown.Hash, Samples.Hash));
        page.WaitForAssertion(() => Assert.Contains("Nonce", Text(page)));
        return page;
    }
}
