using Foresight.Matching.Orders;
using Foresight.Matching.Sequencing;

namespace Foresight.Matching.Tests.Sequencing;

[Trait("Category", "Trust")]
public sealed class JournalTimeTests
{
    private static readonly DateTime Noon = new(2026, 5, 4, 12, 0, 0, DateTimeKind.Utc);
    private static readonly TimeSpan Bound = MatchingLimits.DatabaseClockAhead;
    private static readonly TimeSpan Hours = TimeSpan.FromHours(7);
    private static readonly TimeSpan Uptime = TimeSpan.FromDays(3);

    private readonly JournalTime _time = LastAt(Noon);

    [Fact]
    public void AReadingAheadOfEveryOtherClock_IsNotBelieved_AndTimeGoesOnFromTheNextThatIs()
    {
        Observe(database: Hours, node: TimeSpan.Zero, block: TimeSpan.Zero);
        Assert.Equal((true, Hours, Noon), (_time.IsDoubted, _time.Ahead, _time.Stamp));
        Observe(database: TimeSpan.FromSeconds(3), node: TimeSpan.Zero, block: TimeSpan.Zero);
        Assert.Equal((false, Noon.AddSeconds(3)), (_time.IsDoubted, _time.Stamp));
    }

    [Theory]
    [InlineData("journal")]
    [InlineData("node")]
    [InlineData("block")]
    public void OneClockThatAgrees_IsEnough_HoweverFarTheOthersAreBehind(string agrees)
    {
        var node = agrees == "node" ? Hours : TimeSpan.FromDays(-300);
        var block = agrees == "block" ? Hours : TimeSpan.FromDays(-2);
        // The journal's clock is the last stamp, continued by the monotonic clock.
        Observe(database: TimeSpan.Zero, node: node, block: block);
        Observe(database: Hours, node: node, block: block, later: agrees == "journal" ? Hours : TimeSpan.Zero);
        Assert.Equal((false, Noon + Hours), (_time.IsDoubted, _time.Stamp));
    }

    [Fact]
    public void UpToTheBound_AReadingIsBelieved_AndNotBeyondIt()
    {
        Observe(database: Bound, node: TimeSpan.Zero, block: TimeSpan.Zero);
        Assert.Equal(Noon + Bound, _time.Stamp);
        var other = LastAt(Noon);
        Observe(other, database: Bound + TimeSpan.FromMilliseconds(1), node: TimeSpan.Zero, block: TimeSpan.Zero);
        Assert.Equal((true, Noon), (other.IsDoubted, other.Stamp));
    }

    [Fact]
    public void ManySteps_EachWithinTheBound_LeadNoFurtherThanTheBound()
    {
        for (var step = 1; step <= 20; step++)
            Observe(database: step * (Bound - TimeSpan.FromSeconds(1)), node: TimeSpan.Zero, block: TimeSpan.Zero);
        Assert.True(_time.IsDoubted);
        Assert.InRange(_time.Stamp, Noon, Noon + Bound);
    }

    /// <summary>A node whose clock is behind by years, on a chain without blocks, follows the database for as long as it leads.</summary>
    [Fact]
    public void AWrongClockOfTheNode_AloneDecidesNothing()
    {
        for (var minute = 0; minute < 600; minute++)
            Observe(database: TimeSpan.FromMinutes(minute), node: -Hours, block: null, later: TimeSpan.FromMinutes(minute));
        Assert.Equal((false, Noon.AddMinutes(599)), (_time.IsDoubted, _time.Stamp));
        // Nor can it make time go faster than the database's.
        Observe(database: TimeSpan.FromMinutes(600), node: 100 * Hours, block: null, later: TimeSpan.FromMinutes(600));
        Observe(database: 90 * Hours, node: TimeSpan.FromMinutes(600), block: null, later: TimeSpan.FromMinutes(600));
        Assert.Equal((true, Noon.AddMinutes(600)), (_time.IsDoubted, _time.Stamp));
    }

    [Fact]
    public void OnAnEmptyJournalBeforeTheFirstBlock_TheDatabaseIsBelieved()
    {
        var first = new JournalTime(0);
        Observe(first, database: Hours, node: TimeSpan.Zero, block: null);
        Assert.Equal((false, Noon + Hours), (first.IsDoubted, first.Stamp));
        var second = new JournalTime(0);
        Observe(second, database: Hours, node: TimeSpan.Zero, block: TimeSpan.Zero);
        Assert.True(second.IsDoubted);
    }

    [Fact]
    public void ADatabaseThatIsSetBack_MakesTimeStandStill_AndIsBelievedWhenItIsRightAgain()
    {
        Observe(database: TimeSpan.FromHours(1), node: TimeSpan.FromHours(1), block: null);
        Observe(database: -Hours, node: -Hours, block: null);
        Assert.Equal((false, Noon.AddHours(1)), (_time.IsDoubted, _time.Stamp));
        // Although the node's clock was set back for good.
        Observe(database: TimeSpan.FromHours(1.5), node: -Hours, block: null, later: TimeSpan.FromMinutes(30));
        Assert.Equal((false, Noon.AddHours(1.5)), (_time.IsDoubted, _time.Stamp));
    }

    /// <summary>A wrong stamp that two clocks agreed on is in the journal; it is not doubted afterwards that time stands at it.</summary>
    [Fact]
    public void AStampAheadOfEveryClock_IsWaitedFor()
    {
        var time = LastAt(Noon + Hours);
        Observe(time, database: TimeSpan.Zero, node: TimeSpan.Zero, block: TimeSpan.Zero);
        Assert.Equal((false, Noon + Hours), (time.IsDoubted, time.Stamp));
    }

    private static JournalTime LastAt(DateTime stamp) => new((stamp - DateTime.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond);

    private void Observe(TimeSpan database, TimeSpan node, TimeSpan? block, TimeSpan later = default) =>
        Observe(_time, database, node, block, later);

    /// <summary>Each is a time after noon.</summary>
    private static void Observe(JournalTime time, TimeSpan database, TimeSpan node, TimeSpan? block, TimeSpan later = default) =>
        time.Observe(new ClockReadings(Noon + database, Noon + node, Noon + block, Uptime + later));
}
