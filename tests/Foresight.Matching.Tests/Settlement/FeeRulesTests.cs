using System.Numerics;
using Foresight.Matching.Settlement;

namespace Foresight.Matching.Tests.Settlement;

public class FeeRulesTests
{
    private static readonly BigInteger Gwei = 1_000_000_000;

    [Fact]
    public void First_OutlastsABaseFeeThatDoubles() => Assert.Equal(new Fee(21 * Gwei, Gwei), FeeRules.First(10 * Gwei, Gwei, 100 * Gwei));

    [Fact]
    public void First_NeverExceedsTheCap() => Assert.Equal(new Fee(15 * Gwei, Gwei), FeeRules.First(10 * Gwei, Gwei, 15 * Gwei));

    [Theory]
    [Trait("Category", "Firm")]
    [InlineData(null, 3_600.0, 500)]
    [InlineData(900.0, 3_600.0, 500)]
    [InlineData(900.5, 3_600.0, 2_500)]
    [InlineData(900.5, null, 500)]
    public void Cap_IsTheHigherOne_WhileAFirmTradeHasWaitedForAQuarterOfTheDelay(double? waits, double? delay, int cap) =>
        Assert.Equal(
            cap,
            FeeRules.Cap(
                waits is { } age ? TimeSpan.FromSeconds(age) : null,
                delay is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
                usual: 500,
                firm: 2_500
            )
        );

    [Fact]
    public void Bump_RaisesBothFeesByMoreThanNodesAskFor()
    {
        var bumped = FeeRules.Bump(new Fee(100, 10), new Fee(3, 1), 1000)!.Value;
        Assert.Equal(new Fee(113, 12), bumped);
    }

    [Fact]
    public void Bump_FollowsAMarketThatRoseFurther() =>
        Assert.Equal(
            new Fee(402 * Gwei, 2 * Gwei),
            FeeRules.Bump(new Fee(21 * Gwei, Gwei), FeeRules.First(200 * Gwei, 2 * Gwei, 500 * Gwei), 500 * Gwei)
        );

    [Fact]
    public void Bump_AtTheCap_IsRefused() => Assert.Null(FeeRules.Bump(new Fee(95, 10), new Fee(3, 1), 100));
}
