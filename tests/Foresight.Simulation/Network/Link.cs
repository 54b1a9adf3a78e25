using Foresight.Simulation.Time;

namespace Foresight.Simulation.Network;

/// <summary>
/// A message sent into a cut, in one direction or both, is lost, or arrives much too late after the repair, because TCP keeps it.
/// </summary>
internal sealed class Link(World world)
{
    private const double Held = 0.6;

    private readonly Dice _dice = world.Dice.Fork();
    private readonly List<(bool Reply, Action Deliver)> _held = [];

    public bool RequestsCut { get; private set; }

    public bool RepliesCut { get; private set; }

    public bool IsCut => RequestsCut || RepliesCut;

    public void Cut(bool requests, bool replies) => (RequestsCut, RepliesCut) = (requests, replies);

    public void Heal()
    {
        (RequestsCut, RepliesCut) = (false, false);
        foreach (var (_, deliver) in _held)
            world.Timeline.After(world.Latency.Next(), deliver);
        _held.Clear();
    }

    public void Request(Action deliver, Action? lost = null) => Send(deliver, RequestsCut, reply: false, lost);

    public void Reply(Action deliver, Action? lost = null) => Send(deliver, RepliesCut, reply: true, lost);

    private void Send(Action deliver, bool cut, bool reply, Action? lost)
    {
        if (!cut)
            world.Timeline.After(world.Latency.Next(), deliver);
        else if (_dice.Chance(Held))
            _held.Add((reply, deliver));
        else
            lost?.Invoke();
    }
}

internal sealed class Latency(Dice dice)
{
    public double SlowProbability { get; set; } = 0.002;

    public TimeSpan Next() =>
        dice.Chance(SlowProbability)
            ? dice.Between(TimeSpan.FromMilliseconds(20), TimeSpan.FromSeconds(dice.Chance(0.2) ? 6 : 1))
            : TimeSpan.FromMicroseconds(dice.Between(80, 1500));
}
