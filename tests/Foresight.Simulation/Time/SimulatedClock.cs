using Foresight.Simulation.Processes;

namespace Foresight.Simulation.Time;

/// <summary>
/// Clocks of real machines run at different rates, and wall clocks jump besides. Timers fire in their process: late if it is paused, and
/// never after it has ended.
/// </summary>
internal class SimulatedClock(Timeline timeline, Process process, double rate) : TimeProvider
{
    private static readonly DateTimeOffset Beginning = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Zero would be a machine that has just been started.</summary>
    private const long Uptime = TimeSpan.TicksPerDay;

    public TimeSpan WallOffset { get; set; }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Uptime + (long)(timeline.Now * rate);

    public override DateTimeOffset GetUtcNow() => Beginning.AddTicks(timeline.Now) + WallOffset;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, process.Context, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class Timer(SimulatedClock clock, ProcessContext context, TimerCallback callback, object? state) : ITimer
    {
        private long _version;
        private TimeSpan _period;

        public bool Change(TimeSpan dueTime, TimeSpan newPeriod)
        {
            _version++;
            _period = newPeriod;
            Plan(dueTime);
            return true;
        }

        public void Dispose() => _version++;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        private void Plan(TimeSpan due)
        {
            if (due == Timeout.InfiniteTimeSpan)
                return;
            var planned = _version;
            // Never early, because a loop that waits for the remaining time would then wait for nothing again and again.
            clock.Plan((long)Math.Ceiling(due.Ticks / clock.Rate) + 1, () => context.Post(_ => Fire(planned), null));
        }

        private void Fire(long planned)
        {
            if (planned != _version)
                return;
            if (_period > TimeSpan.Zero)
                Plan(_period);
            callback(state);
        }
    }

    private double Rate => rate;

    private void Plan(long ticks, Action what) => timeline.At(timeline.Now + Math.Max(ticks, 0), what);
}
