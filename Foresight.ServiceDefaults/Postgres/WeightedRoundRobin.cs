namespace Foresight.ServiceDefaults.Postgres;

/// <summary>
/// Smooth weighted round robin, as in nginx, because it spreads the reads: weights 5:1:1 give a,a,b,a,c,a,a instead of five in a row. In
/// each turn every candidate gains its weight; the one with the most is chosen and pays the sum of all weights. Not thread-safe.
/// </summary>
public sealed class WeightedRoundRobin
{
    private readonly int[] _weights;
    private readonly long[] _credit;

    public WeightedRoundRobin(IReadOnlyList<int> weights)
    {
        foreach (var weight in weights)
            ArgumentOutOfRangeException.ThrowIfLessThan(weight, 1);
        _weights = [.. weights];
        _credit = new long[weights.Count];
    }

    public int Next(Func<int, bool> allowed)
    {
        var best = -1;
        var total = 0L;
        for (var i = 0; i < _weights.Length; i++)
        {
            // A candidate that is out neither gains nor pays; otherwise it would return with savings and receive every read.
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
