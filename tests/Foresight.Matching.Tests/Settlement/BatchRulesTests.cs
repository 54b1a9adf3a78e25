using Foresight.Matching.Settlement;

namespace Foresight.Matching.Tests.Settlement;

public class BatchRulesTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.UnixEpoch.AddDays(1);
    private static readonly BatchLimits Limits = new(MaxTrades: 8, MaxLegs: 20, MaxAge: TimeSpan.FromSeconds(1));

    [Fact]
    public void Compose_WithAFewFreshTrades_WaitsForCompany() => Assert.Empty(BatchRules.Compose([Trade(1), Trade(2)], Limits, 8, Now));

    [Fact]
    public void Compose_WithOneOldTrade_TakesTheFreshOnesOfItsMarketAlong()
    {
        var planned = BatchRules.Compose([Trade(1, ageMs: 1500), Trade(2, market: 2), Trade(3)], Limits, 8, Now);
        var batch = Assert.Single(planned);
        Assert.Equal((1, "1,3"), (batch.MarketId, string.Join(',', batch.TradeIds)));
    }

    [Fact]
    public void Compose_WithAFullBatch_DoesNotWait()
    {
        var planned = BatchRules.Compose([.. Enumerable.Range(1, 9).Select(i => Trade(i))], Limits, 8, Now);
        Assert.Equal([1, 2, 3, 4, 5, 6, 7, 8], Assert.Single(planned).TradeIds);
    }

    [Fact]
    public void Compose_CountsLegs_NotOnlyTrades()
    {
        var planned = BatchRules.Compose([.. Enumerable.Range(1, 5).Select(i => Trade(i, legs: 8, ageMs: 5000))], Limits, 8, Now);
        Assert.Equal(["1,2", "3,4", "5"], planned.Select(p => string.Join(',', p.TradeIds)));
    }

    [Fact]
    public void Compose_NeverPlansMoreThanTheFreeSlots() =>
        Assert.Equal(2, BatchRules.Compose([.. Enumerable.Range(1, 80).Select(i => Trade(i))], Limits, 2, Now).Count);

    [Fact]
    public void Compose_AfterARevert_HalvesAndLeavesFreshTradesOut()
    {
        WaitingTrade[] waiting =
        [
            .. Enumerable.Range(1, 6).Select(i => Trade(i, attempts: 1)),
            Trade(7, ageMs: 5000),
            Trade(8, ageMs: 5000),
        ];
        Assert.Equal(["1,2,3,4", "5,6", "7,8"], BatchRules.Compose(waiting, Limits, 8, Now).Select(p => string.Join(',', p.TradeIds)));
    }

    [Fact]
    public void Bisection_IsolatesTheBadOneInLogarithmicTransactions()
    {
        var (attempts, max) = (0, Limits.MaxTrades);
        while (BatchRules.MaxTradesAfter(attempts, max) > 1)
            attempts++;
        Assert.Equal(3, attempts); // 8, 4, 2, 1: log2(8) + 1 transactions.
    }

    /// <summary>Its money is there for as long as it takes.</summary>
    [Fact]
    public void FirmTrade_IsNeverOverdue()
    {
        var old = Trade(1) with { MatchedAt = Now.AddDays(-2) };
        WaitingTrade[] waiting = [old, old with { TradeId = 2, IsFirm = true }];
        Assert.Equal([1L], BatchRules.Overdue(waiting, TimeSpan.FromDays(1), Now, Now).Select(trade => trade.TradeId));
    }

    private static WaitingTrade Trade(long id, int market = 1, int legs = 2, int attempts = 0, int ageMs = 0) =>
        new(id, market, legs, attempts, Now.AddMilliseconds(-ageMs));
}
