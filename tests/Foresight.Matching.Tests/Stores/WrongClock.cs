namespace Foresight.Matching.Tests.Stores;

/// <summary>A clock that is wrong by an offset, and runs at another rate: then its monotonic part and its timers do too.</summary>
internal sealed class WrongClock(TimeSpan offset, double rate = 1) : TimeProvider
{
    private readonly DateTimeOffset startedAt = System.GetUtcNow();
    private readonly long startedStamp = System.GetTimestamp();

    public override DateTimeOffset GetUtcNow() => startedAt + offset + (System.GetElapsedTime(startedStamp) * rate);

    public override long GetTimestamp() => startedStamp + (long)((System.GetTimestamp() - startedStamp) * rate);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        System.CreateTimer(callback, state, Real(dueTime), Real(period));

    private TimeSpan Real(TimeSpan span) => span == Timeout.InfiniteTimeSpan ? span : span / rate;
}
