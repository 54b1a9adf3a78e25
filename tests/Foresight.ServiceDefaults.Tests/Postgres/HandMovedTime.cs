namespace Foresight.ServiceDefaults.Tests.Postgres;

internal sealed class HandMovedTime : TimeProvider
{
    public TimeSpan Passed { get; set; }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Passed.Ticks;
}
