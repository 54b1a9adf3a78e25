namespace Foresight.Matching.Gateway;

/// <summary>
/// Under load each signature is checked with a chance of one in up to <see cref="LargestSpacing"/>, drawn for it alone: a sender that knows
/// which were checked so far, and there are ways to know, learns nothing of the next. So many in a row without a check end in one that is
/// forced, which a sender may foresee, but only to its disadvantage. While a core is idle, all are checked.
/// </summary>
/// <param name="choose">Random and unforeseeable: a number from 0 up to its argument, without that.</param>
internal sealed class CheckedShare(IdleCores cores, Func<int, int> choose)
{
    /// <summary>
    /// With those that are forced it is one check in 10 on average, about 3 µs an order under full load; a forger is found after 16 orders
    /// on average at the latest (docs/decisions/0441).
    /// </summary>
    public const int LargestSpacing = 16;

    /// <summary>Idle processor time in cores. The gap between the two keeps the share from changing with every measurement.</summary>
    private const double Plenty = 0.5;
    private const double Scarce = 0.25;

    private readonly Lock _gate = new();
    private int _spacing = 1;
    private int _unchecked;

    public bool[] Choose(int count, bool all)
    {
        var chosen = new bool[count];
        lock (_gate)
        {
            if (cores.TryMeasure(out var idle))
                _spacing =
                    idle >= Plenty ? Math.Max(1, _spacing / 2)
                    : idle < Scarce ? Math.Min(LargestSpacing, _spacing * 2)
                    : _spacing;
            for (var i = 0; i < count; i++)
            {
                chosen[i] = all || _unchecked + 1 >= _spacing || choose(_spacing) == 0;
                _unchecked = chosen[i] ? 0 : _unchecked + 1;
            }
        }

        return chosen;
    }
}
