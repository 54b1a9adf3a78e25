using Foresight.Chain.Contracts;
using Foresight.Matching.ChainFollowing;

namespace Foresight.Matching.Tests.ChainFollowing;

[Trait("Category", "Firm")]
public sealed class FirmTermsRulesTests
{
    private const long BlockTime = 1_000_000;
    private static readonly WithdrawalDelay Delay = new(Blocks: 40, Seconds: 400);

    /// <summary>A quarter of the delay for the facts, a half of it to settle.</summary>
    [Theory]
    [InlineData(2.0, 1, 400)]
    [InlineData(2.0, 4, 100)]
    [InlineData(0.1, 8, 2)]
    [InlineData(0.0, 1, 0)]
    public void Terms_AreWhatSettlementManagesInHalfTheDelay_SharedByTheShards(double perSecond, int shards, long trades) =>
        Assert.Equal(new FirmTermsOfShard(BlockTime + 100, trades), FirmTermsRules.Of(Delay, BlockTime, perSecond, shards));

    /// <summary>A rate of before promises nothing while nothing settles.</summary>
    [Theory]
    [InlineData(100, 400)]
    [InlineData(101, 0)]
    public void SettlementThatStands_ForAQuarterOfTheDelay_TakesNoFirmTrade(long age, long trades) =>
        Assert.Equal(trades, FirmTermsRules.Of(Delay, BlockTime, 2.0, shards: 1, BlockTime - age).Trades);

    [Theory]
    [InlineData(0, 0, false)]
    [InlineData(5, 0, false)]
    [InlineData(6, 0, true)]
    [InlineData(-1, 0, true)]
    [InlineData(0, -1, true)]
    [InlineData(0, 1, false)]
    public void Terms_AreSent_WhenTheyAreLess_OrASixtyFourthOfTheDelayNewer(long seconds, long trades, bool isSent) =>
        Assert.Equal(
            isSent,
            FirmTermsRules.IsWorthSending(
                new FirmTermsOfShard(BlockTime + seconds, 10 + trades),
                new FirmTermsOfShard(BlockTime, 10),
                Delay
            )
        );
}
