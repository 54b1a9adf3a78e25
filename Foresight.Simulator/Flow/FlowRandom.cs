namespace Foresight.Simulator.Flow;

/// <summary>
/// By splitmix64 and not by the runtime's generator, so that a seed gives the same decisions on every machine and version.
/// </summary>
public sealed class FlowRandom(ulong seed)
{
    private ulong _state = seed;

    public ulong NextBits()
    {
        var z = _state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>In [0, 1), from the upper 53 bits, because a double represents those exactly.</summary>
    public double Uniform() => (NextBits() >> 11) * (1.0 / (1UL << 53));

    public int Below(int limit) => (int)(Uniform() * limit);

    public bool Chance(double probability) => Uniform() < probability;

    /// <summary>Waiting time of a Poisson process, mean 1. The argument is 1 - u, because u may be zero, which has no logarithm.</summary>
    public double Exponential() => -Math.Log(1 - Uniform());

    /// <summary>Mean 0, variance 1 (Box and Muller).</summary>
    public double Normal() => Math.Sqrt(2 * Exponential()) * Math.Cos(2 * Math.PI * Uniform());

    public double Pareto(double minimum, double alpha) => minimum / Math.Pow(1 - Uniform(), 1 / alpha);
}
