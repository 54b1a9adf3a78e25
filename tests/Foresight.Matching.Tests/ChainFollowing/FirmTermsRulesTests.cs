using Foresight.Chain.Contracts;
using Foresight.Matching.ChainFollowing;

namespace Foresight.Matching.Tests.ChainFollowing;

[Trait("Category", "Firm")]
public sealed class FirmTermsRulesTests
{
    private const long BlockTime = 1_000_000;
    private static readonly WithdrawalDelay Delay = new(Blocks: 40, Seconds: 400);

    [Fact]
    public void Facts_MayBeAQuarterOfTheDelayOld() => Assert.Equal(BlockTime + 100, FirmTermsRules.Until(Delay, BlockTime));

    [Theory]
    [InlineData(2.0, 400)]
    [InlineData(0.1, 20)]
    [InlineData(0.0, 0)]
    public void Trades_AreWhatSettlementManagesInHalfTheDelay(double perSecond, long trades) =>
        Assert.Equal(trades, FirmTermsRules.Trades(Delay, BlockTime, perSecond));

    /// <summary>
    /// A rate of before promises nothing while nothing settles. Of the chain's and the journal's clock the later one counts.
    /// </summary>
    [Theory]
    [InlineData(100, 0, 400)]
    [InlineData(101, 0, 0)]
    [InlineData(-9_000, 100, 400)]
    [InlineData(-9_000, 100.5, 0)]
    public void SettlementThatStands_ForAQuarterOfTheDelay_TakesNoFirmTrade(long age, double waits, long trades) =>
        Assert.Equal(trades, FirmTermsRules.Trades(Delay, BlockTime, 2.0, new OldestFirm(BlockTime - age, waits)));

    /// <summary>50 trades a minute are taken for granted only while no firm trade shows that they are not.</summary>
    [Theory]
    [InlineData(null, 0, false, 50 / 60.0)]
    [InlineData(0.1, 60, false, 50 / 60.0)]
    [InlineData(0.1, 60.5, false, 0.1)]
    [InlineData(null, 60.5, false, 0)]
    [InlineData(3.0, 0, false, 3.0)]
    [InlineData(3.0, 60.5, false, 3.0)]
    [InlineData(3.0, 0, true, 0)]
    [InlineData(null, 0, true, 0)]
    public void Rate_IsTheMeasuredOne_OnceATradeHasWaitedForLonger_AndNoneWhileSettlementIsHalted(
        double? measured,
        double waits,
        bool isHalted,
        double rate
    ) => Assert.Equal(rate, FirmTermsRules.Rate(measured, batchTrades: 50, new OldestFirm(BlockTime, waits), isHalted));

    [Theory]
    [InlineData(90, "?", "90")]
    [InlineData(90, "200", "90")]
    [InlineData(90, "10", "90")]
    [InlineData(90, "? ? ?", "30 30 30")]
    [InlineData(90, "30 30 30", "30 30 30")]
    [InlineData(90, "0 0 0", "30 30 30")]
    // What the first has not confirmed yet, the others do not get.
    [InlineData(90, "50 20 20", "30 20 20")]
    [InlineData(90, "50 0 0", "30 20 20")]
    [InlineData(90, "100 20 20", "30 0 0")]
    [InlineData(90, "? 30 30", "30 0 0")]
    [InlineData(90, "30 29 0", "30 30 30")]
    [InlineData(0, "5 5", "0 0")]
    public void ShardThatHasNotConfirmedALowerNumber_CountsAsHoldingAllOfIt(long trades, string held, string parts)
    {
        long?[] most = [.. held.Split(' ').Select(one => one == "?" ? (long?)null : long.Parse(one))];
        Assert.Equal(parts, string.Join(' ', FirmTermsRules.Divide(trades, most)));
    }

    /// <summary>Whichever shards confirm, and whenever: together they never may do more than settlement can, once they did not.</summary>
    [Fact]
    public void WhateverShardsConfirm_TogetherTheyHoldNoMoreThanThereIs_OrThanTheyHeldBefore()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        for (var life = 0; life < 200; life++)
        {
            var held = new long[1 + random.Next(5)];
            for (var step = 0; step < 40; step++)
            {
                var trades = random.Next(3) == 0 ? random.Next(20) : random.Next(1_000);
                var before = held.Sum();
                var parts = FirmTermsRules.Divide(trades, [.. held.Select(one => (long?)one)]);
                for (var shard = 0; shard < held.Length; shard++)
                    held[shard] = random.Next(3) > 0 ? parts[shard] : Math.Max(held[shard], parts[shard]);
                Assert.True(held.Sum() <= Math.Max(trades, before), $"seed {seed}: {held.Sum()} of {trades}, before {before}");
            }
        }
    }

    [Fact]
    public void ShardsThatConfirm_GetEqualParts_AtTheSecondTime()
    {
        long?[] held = [700, null, 3];
        for (var time = 0; time < 2; time++)
            held = [.. FirmTermsRules.Divide(90, held).Select(part => (long?)part)];
        Assert.Equal([30, 30, 30], held);
    }

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
