using Foresight.Simulator.Flow;

namespace Foresight.Simulator.Tests.Flow;

public sealed class FlowRandomTests
{
    private const int Draws = 20_000;

    private readonly FlowRandom _random = new(7);

    /// <summary>The published first values of splitmix64 for the seed 0, so that the decisions are the same on every machine.</summary>
    [Fact]
    public void Bits_AreThoseOfSplitmix64()
    {
        var random = new FlowRandom(0);
        ulong[] published = [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F];
        Assert.Equal(published, published.Select(_ => random.NextBits()));
    }

    [Fact]
    public void Uniform_IsBelowOne_AndBelow_ReachesEachNumber()
    {
        Assert.All(Draw(_random.Uniform), value => Assert.InRange(value, 0, 1 - 1e-16));
        Assert.Equal([0, 1, 2], Draw(() => _random.Below(3)).Distinct().Order());
    }

    [Fact]
    public void Distributions_HaveTheirMoments()
    {
        Assert.InRange(Draw(() => _random.Chance(0.25) ? 1d : 0d).Average(), 0.23, 0.27);
        Assert.InRange(Draw(_random.Exponential).Average(), 0.97, 1.03);
        var normal = Draw(_random.Normal);
        Assert.InRange(normal.Average(), -0.03, 0.03);
        Assert.InRange(normal.Average(value => value * value), 0.95, 1.05);
    }

    [Fact]
    public void Pareto_IsAtLeastItsMinimum_WithAHeavyTail()
    {
        var values = Draw(() => _random.Pareto(2, 1.4));
        Assert.True(values.Min() >= 2);
        // A share (2 / x)^1.4 lies above x: 4 % above 20.
        Assert.InRange(values.Count(value => value > 20) / (double)Draws, 0.033, 0.047);
    }

    private static List<T> Draw<T>(Func<T> draw) => [.. Enumerable.Range(0, Draws).Select(_ => draw())];
}
