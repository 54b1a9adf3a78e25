namespace Foresight.Simulator.Flow;

/// <summary>
/// A bounded, mean-reverting random walk of log-odds, so that probabilities stay inside (0, 1), move in the way news moves
/// them, and sum to one.
/// </summary>
public sealed class LatentProbability
{
    private const double StepSize = 0.008;
    private const double Pull = 0.002;
    private const double Bound = 2.5;

    private readonly FlowRandom _random;
    private readonly double[] _home;
    private readonly double[] _logOdds;

    public LatentProbability(int outcomes, FlowRandom random)
    {
        _random = random;
        _home = [.. Enumerable.Range(0, outcomes).Select(_ => Math.Clamp(random.Normal() * 0.6, -1.2, 1.2))];
        _logOdds = [.. _home];
    }

    public void Step()
    {
        for (var i = 0; i < _logOdds.Length; i++)
        {
            var moved = _logOdds[i] + _random.Normal() * StepSize + (_home[i] - _logOdds[i]) * Pull;
            _logOdds[i] = Math.Clamp(moved, -Bound, Bound);
        }
    }

    public double Of(int outcome) => Math.Exp(_logOdds[outcome]) / _logOdds.Sum(Math.Exp);
}
