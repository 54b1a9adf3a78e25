using Foresight.Matching.Settlement;

namespace Foresight.Matching.Tests.Settlement;

public sealed class SignOfLifeRulesTests
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    [Theory]
    [InlineData(10_799, false)]
    [InlineData(10_800, true)]
    [InlineData(-5, false)]
    public void ASignIsDue_AnEighthOfTheLifeAfterTheLast(long age, bool isDue) =>
        Assert.Equal(isDue, SignOfLifeRules.IsDue(1_000_000 + age, 1_000_000, Day));

    [Fact]
    public void TheChainIsLookedAt_OftenEnoughForAShortLife_AndNotAtEachStepOfALongOne()
    {
        Assert.Equal(SignOfLifeRules.LongestPause, SignOfLifeRules.PauseBetweenLooks(Day));
        Assert.Equal(TimeSpan.FromSeconds(1), SignOfLifeRules.PauseBetweenLooks(TimeSpan.FromSeconds(64)));
    }
}
