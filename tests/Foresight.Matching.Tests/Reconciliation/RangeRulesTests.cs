using Foresight.Matching.Reconciliation;

namespace Foresight.Matching.Tests.Reconciliation;

public class RangeRulesTests
{
    [Fact]
    public void Split_CoversEveryBlockOnce() =>
        Assert.Equal([new BlockRange(5, 1004), new BlockRange(1005, 2004), new BlockRange(2005, 2100)], RangeRules.Split(5, 2100, 1000));

    [Fact]
    public void Split_OfNothing_IsNothing() => Assert.Empty(RangeRules.Split(11, 10, 1000));

    [Fact]
    public void LastComparable_WaitsForTheFollower_ForAJournalThatIsLateIsNotWrong() =>
        Assert.Equal((80, 98), (RangeRules.LastComparable(100, 2, 80), RangeRules.LastComparable(100, 2, 99)));

    [Theory]
    [InlineData(500, false, 401)] // After the cursor, less the look-back.
    [InlineData(50, false, 10)] // Never before the deployment.
    [InlineData(500, true, 10)] // An operator's run compares everything.
    public void FirstBlock_DependsOnWhoAsks(long cursor, bool manual, long expected) =>
        Assert.Equal(
            expected,
            RangeRules.FirstBlock(deployedBlock: 10, cursor, manual, scheduledLookback: 100, manualLookback: 50_000, to: 700)
        );

    [Theory]
    [InlineData(0, 10)] // 0 is no bound, so the run begins at the deployment.
    [InlineData(50_000, 9_950_001)]
    public void FirstBlock_OfAPersonsRun_IsTheDeployments_UnlessThereIsABound(long manualLookback, long expected) =>
        Assert.Equal(
            expected,
            RangeRules.FirstBlock(
                deployedBlock: 10,
                cursor: 9_999_000,
                manual: true,
                scheduledLookback: 100,
                manualLookback,
                to: 10_000_000
            )
        );

    [Fact]
    public void Join_MakesOneOfRangesThatFollowOneAnother() =>
        Assert.Equal(
            [new BlockRange(1, 120), new BlockRange(130, 140)],
            RangeRules.Join([new BlockRange(51, 100), new BlockRange(1, 50), new BlockRange(80, 120), new BlockRange(130, 140)])
        );

    [Fact]
    public void Advance_StopsAtAGap()
    {
        Assert.Equal(200, RangeRules.Advance(50, [new BlockRange(1, 100), new BlockRange(101, 200), new BlockRange(301, 400)]));
        Assert.Equal(50, RangeRules.Advance(50, [new BlockRange(101, 200)]));
    }
}
