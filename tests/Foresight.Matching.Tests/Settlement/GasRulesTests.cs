using Foresight.Chain.Contracts;
using Foresight.Matching.Settlement;

namespace Foresight.Matching.Tests.Settlement;

public sealed class GasRulesTests
{
    private const long LegGas = 75_000;
    private static readonly MatchLegs Direct = new(2, 0);

    [Fact]
    public void AMatchAlone_HasAllThatTheMarketSetsAsideForIt_AndWhatItUses() =>
        Assert.True(GasRules.Limit([Direct], LegGas) >= MarketContract.MatchGas + (2 * MarketContract.LegGas) + (2 * LegGas));

    [Fact]
    public void AContractWallet_IsGivenAllThatItMayUse_SoItCannotStarveTheOthers() =>
        Assert.True(
            GasRules.Limit([Direct, new(1, 1)], LegGas) - GasRules.Limit([Direct, Direct], LegGas) >= MarketContract.LegGas - LegGas
        );

    [Fact]
    public void TheTrial_HasAFifthLessForPlainLegs_AndNothingLessForWallets()
    {
        MatchLegs[] matches = [.. Enumerable.Repeat(Direct, 50), new(0, 2)];
        Assert.Equal(100 * LegGas / 5, GasRules.Limit(matches, LegGas) - GasRules.TrialLimit(matches, LegGas));
        Assert.Equal(GasRules.Limit(matches, null), GasRules.TrialLimit(matches, null));
    }

    [Theory]
    [InlineData(LegGas)]
    [InlineData(null)]
    public void Fitting_TakesAsManyAsStayBelow_AndAtLeastOne(long? plainLeg)
    {
        MatchLegs[] matches = [.. Enumerable.Repeat(Direct, 200)];
        var count = GasRules.Fitting(matches, plainLeg, GasRules.TransactionLimit);
        Assert.InRange(GasRules.Limit([.. matches.Take(count)], plainLeg), 1, GasRules.TransactionLimit);
        Assert.True(GasRules.Limit([.. matches.Take(count + 1)], plainLeg) > GasRules.TransactionLimit);
        Assert.Equal(1, GasRules.Fitting(matches, plainLeg, 1));
    }

    [Fact]
    public void Steps_RiseToWhatTheMarketDemands()
    {
        var limits = GasRules.PlainLegSteps(LegGas).Select(step => GasRules.Limit([Direct, Direct], step)).ToList();
        Assert.Equal(limits.Order(), limits);
        Assert.Null(GasRules.PlainLegSteps(LegGas)[^1]);
    }
}
