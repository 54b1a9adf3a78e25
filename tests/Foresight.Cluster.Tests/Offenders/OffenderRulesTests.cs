using Foresight.Cluster.Offenders;

namespace Foresight.Cluster.Tests.Offenders;

public sealed class OffenderRulesTests
{
    private static readonly DateTimeOffset Start = DateTimeOffset.UnixEpoch;
    private static readonly OffenderOptions Options = new()
    {
        CapFrom = 10,
        RefuseFrom = 50,
        PointLasts = TimeSpan.FromMinutes(1),
    };

    [Fact]
    public void WithoutStrikes_AnAccountIsClear() =>
        Assert.Equal(new Standing(OffenderLevel.Clear, 0, TimeSpan.Zero), OffenderRules.StandingOf([], Options, Start));

    [Theory]
    [InlineData(1, 0, OffenderLevel.Capped, 20, 10)]
    [InlineData(2, 0, OffenderLevel.Capped, 40, 30)]
    [InlineData(3, 0, OffenderLevel.Refused, 60, 10)]
    [InlineData(3, 10, OffenderLevel.Refused, 50, 0)]
    [InlineData(3, 11, OffenderLevel.Capped, 49, 39)]
    [InlineData(3, 50, OffenderLevel.Capped, 10, 0)]
    [InlineData(3, 51, OffenderLevel.Clear, 9, null)]
    [InlineData(3, 60, OffenderLevel.Clear, 0, null)]
    public void EachStrikeCounts_AndPointsFadeOneByOne(
        int strikes,
        int minutesLater,
        OffenderLevel level,
        int points,
        int? improvesInMinutes
    )
    {
        var standing = OffenderRules.StandingOf(
            Enumerable.Repeat(new Strike(Start, OffenderOptions.UsualPoints), strikes),
            Options,
            Start.AddMinutes(minutesLater)
        );
        Assert.Equal((level, points), (standing.Level, standing.Points));
        Assert.Equal(
            improvesInMinutes is { } minutes ? TimeSpan.FromMinutes(minutes) + TimeSpan.FromTicks(1) : TimeSpan.Zero,
            standing.Improves
        );
    }

    [Fact]
    public void WhenItImproves_TheLevelIsABetterOne_AndOneTickBeforeNot()
    {
        Strike[] strikes = [new(Start, 20), new(Start.AddMinutes(3), 30), new(Start.AddMinutes(4), 30)];
        var now = Start.AddMinutes(5);
        var standing = OffenderRules.StandingOf(strikes, Options, now);
        Assert.Equal(OffenderLevel.Refused, standing.Level);
        Assert.Equal(
            OffenderLevel.Refused,
            OffenderRules.StandingOf(strikes, Options, now + standing.Improves - TimeSpan.FromTicks(1)).Level
        );
        Assert.Equal(OffenderLevel.Capped, OffenderRules.StandingOf(strikes, Options, now + standing.Improves).Level);
    }

    [Fact]
    public void StrikesFarApart_DoNotAddUp()
    {
        var daily = Enumerable.Range(0, 20).Select(hour => new Strike(Start.AddHours(hour), OffenderOptions.UsualPoints));
        Assert.Equal(
            (OffenderLevel.Capped, 20),
            (
                OffenderRules.StandingOf(daily, Options, Start.AddHours(19)).Level,
                OffenderRules.StandingOf(daily, Options, Start.AddHours(19)).Points
            )
        );
    }

    [Fact]
    public void HoweverMany_NothingLastsLongerThanADay()
    {
        var many = Enumerable.Repeat(new Strike(Start, 1_000_000), 1_000);
        Assert.Equal(1_440, OffenderRules.StandingOf(many, Options, Start).Points);
        Assert.Equal(OffenderLevel.Clear, OffenderRules.StandingOf(many, Options, Start + OffenderRules.Memory).Level);
    }

    [Theory]
    [InlineData("insufficient_collateral", OffenderOptions.UsualPoints)]
    [InlineData("insufficient_shares", OffenderOptions.UsualPoints)]
    [InlineData("order_cancelled", OffenderOptions.UsualPoints)]
    [InlineData("invalid_signature", OffenderOptions.DeliberatePoints)]
    [InlineData("order_expired", 0)]
    [InlineData("order_overfilled", 0)]
    [InlineData("market_not_open", 0)]
    [InlineData("out_of_gas", 0)]
    [InlineData("reverted", 0)]
    [InlineData("unknown", 0)]
    public void OnlyWhatAMakerDid_CountsAgainstIt(string code, int points) => Assert.Equal(points, OffenderRules.PointsOf(code));
}
