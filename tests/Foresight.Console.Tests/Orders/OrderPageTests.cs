using Bunit;
using Foresight.Console.Orders;
using Foresight.Protocol;

namespace Foresight.Console.Tests.Orders;

public sealed class OrderPageTests : ConsoleContext
{
    private const string Hash = Samples.Hash;
    private const string Other = "0x3333333333333333333333333333333333333333333333333333333333334444";
    private const string Trace = "0af7651916cd43dd8448eb211c80319c";

    private OrderDetail _detail = new(
        Samples.Order() with
        {
            ExpiresAt = Samples.Noon.AddHours(36),
            Fills = [new FillView(42, "0.42", "2.5", "maker", TradeStates.Mined)],
        },
        [
            new StageView(OrderStages.Sequenced, Samples.Noon.AddSeconds(-40), Epoch: 3, Sequence: 1_234),
            new StageView(OrderStages.Committed, null, Epoch: 3, Sequence: 1_234),
            new StageView(TradeStates.Matched, Samples.Noon.AddSeconds(-30), 42, Epoch: 3, Sequence: 1_240),
            new StageView(TradeStates.Mined, Samples.Noon.AddSeconds(-10), 42, 5, 17, Other, 900),
        ],
        MoreTrades: false,
        "retry-1",
        Trace
    );

    public OrderPageTests()
    {
        Api.Answer($"/admin/orders/{Hash}", () => _detail);
        Api.Answer("/markets", () => new[] { Samples.Market() });
    }

    [Fact]
    [Trait("Category", "Firm")]
    public void OrderThatIsPaidFromTheVault_IsMarkedFirm()
    {
        Assert.DoesNotContain("firm", Text(Shown()), StringComparison.Ordinal);
        _detail = _detail with { Order = _detail.Order with { Purse = Purses.Vault, TimeInForce = "IOC", FirmOnly = true } };
        var page = Shown();
        Assert.Contains("Terms IOC, firm only firm", Text(page));
    }

    [Fact]
    public void Order_HasItsTerms_InTheMarketsWords()
    {
        var page = Shown();
        page.WaitForAssertion(() => Assert.Contains("Wants to buy Yes at 0.420", Text(page)));
        Assert.Contains("2.50 filled of 10.00, 7.50 left", Text(page.Find("[data-testid=shares]")));
        Assert.Contains("Expires 6 May 00:00 in 36 h", Text(page));
        Assert.Contains("Idempotency key retry-1", Text(page));
        Assert.Contains($"Trace {Trace}", Text(page));
        Assert.Contains($"https://traces.example/{Trace}", Links(page));
        Assert.Contains($"/accounts/{Samples.Account}", Links(page));
        Assert.Equal(
            [Hash, Samples.Account, "retry-1", Trace, Other],
            page.FindAll("[data-copy]").Select(button => button.GetAttribute("data-copy")).Distinct()
        );
    }

    [Fact]
    public void Life_IsStageByStage_ThatOfEachTradeUnderItsName()
    {
        var page = Shown();
        Assert.Equal(
            [
                "Order",
                "sequenced 2026-05-04 11:59:20.000 epoch 3 · sequence 1,234",
                "committed time not kept epoch 3 · sequence 1,234",
                "Trade 42 2.50 at 0.42 as maker",
                "matched 2026-05-04 11:59:30.000 epoch 3 · sequence 1,240",
                "mined 2026-05-04 11:59:50.000 nonce 17 0x333333…4444 block 900",
            ],
            page.FindAll(".life > li").Select(line => Text(line))
        );
        Assert.Contains("/trades/42", Links(page));
        Assert.Contains($"/transactions/{Other}", Links(page));
    }

    [Fact]
    public void End_HasItsReason_AndWhoIsAtFault()
    {
        _detail = _detail with
        {
            Timeline = [new StageView(TradeStates.Failed, Samples.Noon, 42, Reason: $"balance_moved:{Samples.Account}")],
            MoreTrades = true,
        };
        var page = Shown();
        Assert.Contains("balance moved by 0x000000…00ab", Text(page));
        Assert.Contains("with the newest 100 trades", Text(page));
    }

    [Fact]
    public void OpenPage_ReadsAgain_AndKeepsWhatItHasWhenItCannot()
    {
        var page = Shown();
        _detail = _detail with { Order = _detail.Order with { Status = "filled" } };
        Clock.Advance(TimeSpan.FromSeconds(1));
        page.WaitForAssertion(() => Assert.Equal("filled", Text(page.Find(".page-head .pill"))));

        Api.Problem("/admin/orders", 503, ProblemCodes.Unavailable);
        Api.Problem($"/admin/orders/{Hash}", 503, ProblemCodes.Unavailable);
        Clock.Advance(TimeSpan.FromSeconds(1));
        page.WaitForAssertion(() => Assert.Contains("stale since 12:00:01 UTC", Text(page)));
        Assert.Equal("filled", Text(page.Find(".page-head .pill")));
    }

    [Fact]
    public void AnotherOrder_OnTheSamePage_HasNothingOfTheOneBefore()
    {
        var page = Shown();
        Api.Problem($"/admin/orders/{Other}", 404, ProblemCodes.NotFound);
        page.Render(set => set.Add(shown => shown.Hash, Other));
        page.WaitForAssertion(() => Assert.Contains("There is no such order because of not_found", Text(page)));
        Assert.DoesNotContain("0x111111", Text(page));
    }

    [Theory]
    [InlineData(404, ProblemCodes.NotFound, "There is no such order because of not_found")]
    [InlineData(400, ProblemCodes.MalformedRequest, "This address names no order because of malformed_request")]
    [InlineData(429, ProblemCodes.RateLimited, "The order could not be read yet because of rate_limited")]
    [InlineData(503, ProblemCodes.Unavailable, "The order could not be read yet node-1: because of unavailable")]
    public void WhatIsNotThere_IsNotShownAsAnOutage_NorTheOtherWayRound(int status, string code, string expected)
    {
        Api.Problem("/admin/orders/0xno", status, code);
        var page = Render<OrderPage>(set => set.Add(shown => shown.Hash, "0xno"));
        page.WaitForAssertion(() => Assert.Contains(expected, Text(page)));
        Assert.Equal(status == 404, Links(page).Contains("/lookup?q=0xno"));
    }

    private IRenderedComponent<OrderPage> Shown()
    {
        var page = Render<OrderPage>(set => set.Add(shown => shown.Hash, Hash));
        page.WaitForAssertion(() => Assert.NotEmpty(page.FindAll("[data-testid=life]")));
        return page;
    }
}
