using Foresight.Api.Operations.History;
using Foresight.Protocol;

namespace Foresight.Api.Tests.Operations.History;

public sealed class HistoryRulesTests
{
    [Theory]
    [InlineData(HistoryRanges.Hour, 10, "2026-03-01T11:02:10Z", "2026-03-01T12:02:10Z")]
    [InlineData(HistoryRanges.Hours6, 60, "2026-03-01T06:03:00Z", "2026-03-01T12:03:00Z")]
    [InlineData(HistoryRanges.Day, 240, "2026-02-28T12:04:00Z", "2026-03-01T12:04:00Z")]
    public void ARange_Has360Steps_AndEndsWithTheOneThatIsFilling(string range, int step, string from, string to)
    {
        var window = HistoryRules.WindowOf(range, DateTimeOffset.Parse("2026-03-01T12:02:03Z").UtcDateTime);
        Assert.Equal(TimeSpan.FromSeconds(step), window.Step);
        Assert.Equal(DateTimeOffset.Parse(from).UtcDateTime, window.From);
        Assert.Equal(DateTimeOffset.Parse(to).UtcDateTime, window.To);
    }

    [Theory]
    [InlineData(HistoryHealth.Healthy)]
    [InlineData(HistoryHealth.Degraded, HistoryProblems.RegistryUnreadable)]
    [InlineData(HistoryHealth.Degraded, HistoryProblems.ChainUnreadable)]
    [InlineData(HistoryHealth.Unhealthy, HistoryProblems.ChainUnreadable, HistoryProblems.NoLeader)]
    [InlineData(HistoryHealth.Unhealthy, HistoryProblems.SettlementHalted)]
    public void Health_IsThatOfTheWorstProblem(string health, params string[] problems) => Assert.Equal(health, HistoryHealth.Of(problems));
}
