using Foresight.Simulator.Flow;
using Foresight.Simulator.Funding;
using Foresight.Simulator.Traders;

namespace Foresight.Simulator.Tests.Funding;

public sealed class FundingPlanTests
{
    [Fact]
    public void TheFirstHalf_GetsSetsOfEveryMarket_AndTheOthersOfOneInTurn()
    {
        var plan = FundingPlan.For(Trader.FromSeed(1, 5), TestMarkets.Both);
        Assert.All(plan, funds => Assert.Equal(1_000_000_000_000, funds.Usdc.Micros));
        Assert.Equal(["1+2", "1+2", "1+2", "2", "1"], plan.Select(funds => string.Join('+', funds.Sets.Select(set => set.Market.Id))));
        Assert.All(plan.Take(3), funds => Assert.All(funds.Sets, set => Assert.Equal(2_000_000, set.Quantity.Lots)));
        Assert.All(plan.Skip(3), funds => Assert.All(funds.Sets, set => Assert.Equal(200_000, set.Quantity.Lots)));
    }

    /// <summary>The flow lets these traders quote both sides of every market, so they need shares of all.</summary>
    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(16)]
    public void EveryTraderWhoMakesMarkets_HasSharesOfAll(int count)
    {
        var traders = Trader.FromSeed(1, count);
        var flow = new BelievableFlow(1, 20, TestMarkets.Both, traders, TimeProvider.System);
        var makers = Enumerable
            .Range(0, 1000)
            .Select(_ => flow.Next())
            .Where(step => step.Intent is { PostOnly: true, ExpiresAt: not null })
            .Select(step => step.Trader)
            .ToHashSet();
        Assert.NotEmpty(makers);
        Assert.All(
            FundingPlan.For(traders, TestMarkets.Both).Where(funds => makers.Contains(funds.Trader)),
            funds => Assert.Equal(2, funds.Sets.Count)
        );
    }
}
