using Foresight.Matching.Orders;
using Foresight.Protocol;

namespace Foresight.Matching.Tests.Orders;

[Trait("Category", "Trust")]
public sealed class OrderLifeTests
{
    private const long Sign = 1_000_000;
    private const long Life = 86_400;

    private static readonly OrderLife Known = new(Sign, Life, BlockTime: Sign + 10);

    [Theory]
    [InlineData(Sign + Life, null)]
    [InlineData(Sign + Life + 1, ProblemCodes.ExpiryTooLate)]
    [InlineData(0, null)]
    [InlineData(long.MaxValue, ProblemCodes.ExpiryTooLate)]
    public void AnOrderMayLive_UntilTheLastFinalSignAndTheLongestLife(long expiry, string? refusal) =>
        Assert.Equal(refusal, Known.RefusalOf(expiry, Sign + 20));

    [Theory]
    [InlineData(Sign + (Life / 2), null)]
    [InlineData(Sign + (Life / 2) + 1, ProblemCodes.SettlementSilent)]
    [InlineData(Sign + Life + 1, ProblemCodes.SettlementSilent)]
    public void NoOrderIsTaken_OnceTheSignIsOlderThanHalfTheLife(long now, string? refusal) =>
        Assert.Equal(refusal, Known.RefusalOf(0, now));

    [Fact]
    public void TheLaterClockCounts_ThatOfTheLeaderOrThatOfTheChain()
    {
        var late = Sign + (Life / 2) + 1;
        Assert.True((Known with { BlockTime = late }).IsSilent(Sign));
        Assert.True((Known with { BlockTime = null }).IsSilent(late));
        Assert.True((Known with { BlockTime = Sign }).IsSilent(late));
        // Expiry and sign are both the chain's, so a leader that is behind the chain takes nothing that outlives the bound.
        Assert.Equal(ProblemCodes.ExpiryTooLate, Known.RefusalOf(Sign + Life + 1, Sign - 5_000));
        Assert.Null(Known.RefusalOf(Sign + Life, Sign - 5_000));
    }

    [Fact]
    public void WithoutAFinalSign_OrALife_NoOrderIsTaken()
    {
        Assert.Equal(ProblemCodes.SettlementSilent, default(OrderLife).RefusalOf(0, 0));
        Assert.Equal(ProblemCodes.SettlementSilent, (Known with { SignedAt = null }).RefusalOf(0, Sign));
        Assert.Equal(ProblemCodes.SettlementSilent, (Known with { LifeSeconds = null }).RefusalOf(0, Sign));
    }

    [Theory]
    [InlineData(Sign + 20 + 61, null)]
    [InlineData(Sign + 20 + 60, ProblemCodes.ExpiryTooSoon)]
    [InlineData(Sign + 20 + 1, ProblemCodes.ExpiryTooSoon)]
    [InlineData(0, null)]
    public void AnOrderIsTaken_OnlyIfItsTradesHaveTimeToSettle(long expiry, string? refusal) =>
        Assert.Equal(refusal, (Known with { MarginSeconds = 60 }).RefusalOf(expiry, Sign + 20));

    [Theory]
    [InlineData(Sign + 20)]
    [InlineData(60)]
    [InlineData(1)]
    public void AnOrderThatHasExpired_IsTheEnginesToRefuse_AndNeverBecomesOneWithoutAnEnd(long expiry)
    {
        var life = Known with { MarginSeconds = 60 };
        Assert.Null(life.RefusalOf(expiry, Sign + 20));
        Assert.InRange(life.EndOf(expiry, Sign + 20), 1, Sign + 20);
    }

    [Fact]
    public void AnOrderEnds_TheMarginBeforeItsSignedExpiry_AndByTheLaterClock()
    {
        var life = Known with { MarginSeconds = 60 };
        Assert.Equal(Sign + 940, life.EndOf(Sign + 1_000, Sign + 7));
        Assert.Equal(Sign + 7 + Life, life.EndOf(0, Sign + 7));
        Assert.Equal(ProblemCodes.ExpiryTooSoon, (life with { BlockTime = Sign + 940 }).RefusalOf(Sign + 1_000, Sign + 7));
        Assert.Null((life with { BlockTime = Sign + 939 }).RefusalOf(Sign + 1_000, Sign + 7));
    }

    [Fact]
    public void AnOrderWithoutAnExpiry_EndsAfterTheLongestLife()
    {
        Assert.Equal(Sign + 7 + Life, Known.EndOf(0, Sign + 7));
        Assert.Equal(Sign + 9, Known.EndOf(Sign + 9, Sign + 7));
    }
}
