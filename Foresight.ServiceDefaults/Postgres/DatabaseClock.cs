namespace Foresight.ServiceDefaults.Postgres;

/// <summary>
/// Nodes whose wall clocks differ agree on this clock within the time of a round trip: it is the primary's as last read, continued by this
/// process's monotonic clock. Until the first reading it is this process's own wall clock.
/// </summary>
public sealed class DatabaseClock(TimeProvider local) : TimeProvider
{
    private Reading? _reading;

    public override long TimestampFrequency => local.TimestampFrequency;

    public override DateTimeOffset GetUtcNow() =>
        Volatile.Read(ref _reading) is { } reading ? reading.At + local.GetElapsedTime(reading.Timestamp) : local.GetUtcNow();

    public override long GetTimestamp() => local.GetTimestamp();

    /// <param name="askedAt">
    /// Timestamp of the question. The database answers at some moment after it, which is taken to be half-way.
    /// </param>
    public void Set(DateTime databaseTime, long askedAt)
    {
        var now = local.GetTimestamp();
        var half = local.GetElapsedTime(askedAt, now) / 2;
        Volatile.Write(ref _reading, new Reading(new DateTimeOffset(databaseTime.ToUniversalTime()) + half, now));
    }

    private sealed record Reading(DateTimeOffset At, long Timestamp);
}
