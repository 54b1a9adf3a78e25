namespace Foresight.Matching.Tests.Stores;

internal sealed class WrongClock(TimeSpan offset, double rate = 1) : TimeProvider
{
    private readonly DateTimeOffset _startedAt = System.GetUtcNow();
    private readonly long _startedStamp = System.GetTimestamp();

    public override DateTimeOffset GetUtcNow() => _startedAt + offset + (System.GetElapsedTime(_startedStamp) * rate);

    public override long GetTimestamp() => _startedStamp + (long)((System.GetTimestamp() - _startedStamp) * rate);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        System.CreateTimer(callback, state, Real(dueTime), Real(period));

    private TimeSpan Real(TimeSpan span) => span == Timeout.InfiniteTimeSpan ? span : span / rate;
}
