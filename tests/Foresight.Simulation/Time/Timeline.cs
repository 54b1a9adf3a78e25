namespace Foresight.Simulation.Time;

/// <summary>
/// Events in order of time and, at one moment, of planning, so that a seed has one order. Moments are ticks of 100 ns of the true time,
/// which no process can read.
/// </summary>
internal sealed class Timeline
{
    private readonly PriorityQueue<Action, (long At, long Order)> _events = new();
    private long _order;

    public long Now { get; private set; }

    public long Happened { get; private set; }

    public void At(long moment, Action what) => _events.Enqueue(what, (Math.Max(moment, Now), _order++));

    public void After(TimeSpan span, Action what) => At(Now + span.Ticks, what);

    public bool Step(long until)
    {
        if (!_events.TryPeek(out var next, out var when) || when.At > until)
        {
            Now = Math.Max(Now, until);
            return false;
        }

        _events.Dequeue();
        Now = when.At;
        Happened++;
        next();
        return true;
    }
}
