using Foresight.Matching.Orders;

namespace Foresight.Matching.Sequencing;

/// <param name="Node">This node's wall clock.</param>
/// <param name="Block">Of the newest block of the chain that the journal knows; null before the first one.</param>
/// <param name="Monotonic">This node's monotonic clock, from any origin.</param>
internal readonly record struct ClockReadings(DateTime Database, DateTime Node, DateTime? Block, TimeSpan Monotonic);

/// <summary>
/// Stamps are of the database's clock and never decrease, so one reading that is wrong by hours would expire orders, close markets for
/// ever and stop time until it is made up for. A reading that is ahead of every other clock is therefore not believed
/// (docs/decisions/0404): time then stands still. Pure.
/// </summary>
/// <param name="lastStampMicros">Of the last command in the journal; 0 if it is empty.</param>
internal sealed class JournalTime(long lastStampMicros)
{
    /// <summary>
    /// The time at <see cref="_reachedAt"/>, or earlier. Raised no further than another clock agrees to, so that many steps within the
    /// bound add up to no more than the bound.
    /// </summary>
    private DateTime? _reached = lastStampMicros == 0 ? null : DateTimeOf(lastStampMicros);

    private TimeSpan? _reachedAt;

    public long StampMicros { get; private set; } = lastStampMicros;

    public long Seconds => StampMicros / 1_000_000;

    public DateTime Stamp => DateTimeOf(StampMicros);

    /// <summary>How far the last reading of the database's clock was ahead of every other clock; zero or less if it was of none.</summary>
    public TimeSpan Ahead { get; private set; }

    /// <summary>The last reading was not believed, so nothing may be decided that depends on what time it is.</summary>
    public bool IsDoubted => Ahead > MatchingLimits.DatabaseClockAhead;

    public void Observe(ClockReadings readings)
    {
        _reachedAt ??= readings.Monotonic;
        var continued = _reached + (readings.Monotonic - _reachedAt.Value);
        // On an empty journal before the first block there is only this node's clock, which alone decides nothing.
        var latest = continued is null && readings.Block is null ? readings.Database : Latest(readings.Node, continued, readings.Block);
        Ahead = readings.Database - latest;
        if (IsDoubted)
            return;
        StampMicros = Math.Max(StampMicros, MicrosOf(readings.Database));
        _reached = Latest(latest < readings.Database ? latest : readings.Database, continued, null);
        _reachedAt = readings.Monotonic;
    }

    private static DateTime Latest(DateTime first, DateTime? second, DateTime? third)
    {
        var latest = second > first ? second.Value : first;
        return third > latest ? third.Value : latest;
    }

    private static long MicrosOf(DateTime time) => (time - DateTime.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;

    private static DateTime DateTimeOf(long micros) => DateTime.UnixEpoch.AddTicks(micros * TimeSpan.TicksPerMicrosecond);
}
