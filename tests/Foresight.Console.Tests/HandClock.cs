namespace Foresight.Console.Tests;

/// <summary>Time that moves only by the test's hand. Timers are the system's: only the readings are ours.</summary>
internal sealed class HandClock : TimeProvider
{
    public DateTimeOffset Now { get; set; } = new(2026, 5, 4, 12, 0, 0, TimeSpan.Zero);

    public override DateTimeOffset GetUtcNow() => Now;

    public void Advance(TimeSpan length) => Now += length;
}
