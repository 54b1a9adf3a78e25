using Foresight.ServiceDefaults.Postgres;

namespace Foresight.ServiceDefaults.Tests.Postgres;

public sealed class WeightedRoundRobinTests
{
    [Fact]
    public void Next_IsSmooth_SoThatAHeavyServerDoesNotGetItsTurnsInARow() => Assert.Equal("aabacaa", Turns([5, 1, 1], 7));

    [Theory]
    [InlineData(1, 2)]
    [InlineData(3, 7)]
    public void Next_GivesEachItsShare(int first, int second)
    {
        var turns = new WeightedRoundRobin([first, second]);
        var counts = new int[2];
        for (var i = 0; i < 3_000; i++)
            counts[turns.Next(_ => true)]++;
        Assert.InRange(counts[0] / 3_000.0, (first / (double)(first + second)) - 0.001, (first / (double)(first + second)) + 0.001);
    }

    [Fact]
    public void Next_WithoutAnyAllowed_IsNone() => Assert.Equal(-1, new WeightedRoundRobin([1, 1]).Next(_ => false));

    [Fact]
    public void Next_OneThatComesBack_HasNoSavings()
    {
        var turns = new WeightedRoundRobin([1, 1]);
        for (var i = 0; i < 1_000; i++)
            Assert.Equal(0, turns.Next(index => index == 0));
        var after = string.Concat(Enumerable.Range(0, 6).Select(_ => (char)('a' + turns.Next(_ => true))));
        Assert.Contains(after, new[] { "ababab", "bababa" });
    }

    [Fact]
    public void Weights_BelowOne_AreRefused() => Assert.Throws<ArgumentOutOfRangeException>(() => new WeightedRoundRobin([1, 0]));

    private static string Turns(int[] weights, int count)
    {
        var turns = new WeightedRoundRobin(weights);
        return string.Concat(Enumerable.Range(0, count).Select(_ => (char)('a' + turns.Next(_ => true))));
    }
}
