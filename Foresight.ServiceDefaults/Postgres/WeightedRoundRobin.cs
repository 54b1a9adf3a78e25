namespace Foresight.ServiceDefaults.Postgres;

/// <summary>
/// Smooth weighted round robin, as nginx does it: each turn every candidate gains its weight, the richest is taken and pays the sum of
/// all weights. Weights 5:1:1 give a,a,b,a,c,a,a and not five in a row. Not thread-safe.
/// </summary>
public sealed class WeightedRoundRobin
{
    private readonly int[] _weights;
    private readonly long[] _credit;

    /// <param name="weights">Each 1..1000.</param>
    public WeightedRoundRobin(IReadOnlyList<int> weights)
    {
        foreach (var weight in weights)
            ArgumentOutOfRangeException.ThrowIfLessThan(weight, 1);
        _weights = [.. weights];
        _credit = new long[weights.Count];
    }

    /// <summary>Index of the next candidate among those that are allowed, or -1 if none is.</summary>
    public int Next(Func<int, bool> allowed)
    {
        var best = -1;
        var total = 0L;
        for (var i = 0; i < _weights.Length; i++)
        {
            // One that is out neither gains nor pays: it must not come back with savings and take every read.
            if (!allowed(i))
                continue;
            _credit[i] += _weights[i];
            total += _weights[i];
            if (best < 0 || _credit[i] > _credit[best])
                best = i;
        }

        if (best >= 0)
            _credit[best] -= total;
        return best;
    }
}
