using Foresight.Matching.Sequencing;
using Foresight.Protocol;

namespace Foresight.Matching.Tests.Sequencing;

/// <summary>Of a delay of 400 s: facts of the chain may be 100 s old, by whichever clock.</summary>
[Trait("Category", "Firm")]
public sealed class FirmEndTests
{
    private const long Block = 1_000_000;
    private const long Quarter = 100;
    private static readonly TimeSpan Start = TimeSpan.FromDays(3);

    /// <param name="journal">The journal's clock when the terms come, from the block's time on.</param>
    /// <param name="head">The chain's newest block, from the followed one on.</param>
    [Theory]
    [InlineData(10, 10, 100)]
    // The journal's clock is ahead: firm orders end earlier.
    [InlineData(60, 10, 100)]
    [InlineData(500, 10, 100)]
    // It is behind, by more than the whole delay: they end when as much time has passed as the chain's clock has left.
    [InlineData(-600, 10, -600 + 90)]
    [InlineData(-600, 0, -600 + 100)]
    // What was followed is too old by the chain's clock alone, whatever the journal's shows.
    [InlineData(-600, 100, -600)]
    [InlineData(0, 3_000, 0)]
    public void Terms_EndByTheLaterClock(long journal, long head, long end) =>
        Assert.Equal(Block + end, FirmEnd.UntilOf(TermsAt(head), Block + journal));

    [Fact]
    public void WhereTheJournalsTimeStandsStill_TermsEndWhenTheirTimeHasPassed()
    {
        var end = new FirmEnd(leftMicros: 0);
        end.Begin(TermsAt(head: 10), Start);
        Assert.False(end.IsOver(Start + TimeSpan.FromSeconds(90)));
        Assert.True(end.IsOver(Start + TimeSpan.FromSeconds(90.001)));
        end.Begin(TermsAt(head: 0), Start + TimeSpan.FromSeconds(95));
        Assert.False(end.IsOver(Start + TimeSpan.FromSeconds(195)));
        end.Begin(TermsAt(head: 400), Start + TimeSpan.FromSeconds(100));
        Assert.True(end.IsOver(Start + TimeSpan.FromSeconds(100.001)));
    }

    /// <summary>The next leader has the terms of the journal, and knows of its own clock only.</summary>
    [Theory]
    [InlineData(20_000_000, 20)]
    [InlineData(-5, 0)]
    public void NextLeader_TakesFirmOrders_ForAsLongAsTheTermsHadLeftAtTheLastStamp(long leftMicros, int seconds)
    {
        var end = new FirmEnd(leftMicros);
        Assert.False(end.IsOver(Start));
        Assert.False(end.IsOver(Start + TimeSpan.FromSeconds(seconds)));
        Assert.True(end.IsOver(Start + TimeSpan.FromSeconds(seconds + 0.001)));
    }

    private static SetFirmTerms TermsAt(long head) =>
        new(Block + Quarter, Trades: 9, Math.Max(0, Quarter - head)) { RequestId = Guid.NewGuid() };
}
