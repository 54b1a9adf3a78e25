namespace Foresight.Testing;

/// <summary>Nothing ends by a timeout before the test lets it.</summary>
public sealed class StillTime : TimeProvider
{
    private readonly Lock _gate = new();
    private readonly List<Alarm> _alarms = [];

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var alarm = new Alarm(this, () => callback(state));
        lock (_gate)
            _alarms.Add(alarm);
        return alarm;
    }

    /// <summary>The last to wait has waited too long; those before it have not, or they might make room for it.</summary>
    public void RingLatest()
    {
        Alarm due;
        lock (_gate)
        {
            due = _alarms[^1];
            _alarms.Remove(due);
        }

        due.Ring();
    }

    /// <summary>Whatever waits has waited too long.</summary>
    public void RingAll()
    {
        List<Alarm> due;
        lock (_gate)
        {
            due = [.. _alarms];
            _alarms.Clear();
        }

        foreach (var alarm in due)
            alarm.Ring();
    }

    private sealed class Alarm(StillTime time, Action ring) : ITimer
    {
        public void Ring() => ring();

        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose()
        {
            lock (time._gate)
                time._alarms.Remove(this);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
