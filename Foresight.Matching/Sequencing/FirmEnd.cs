using Foresight.Protocol;

namespace Foresight.Matching.Sequencing;

/// <summary>
/// Facts of the chain are as old as the later of two clocks has it. The journal's may be behind the chain's when terms come, and stands
/// still where the database is set back after it; so terms also end when as much time has passed here as the chain's clock had left for
/// them (docs/firm-money.md, bound 3). Pure.
/// </summary>
/// <param name="leftMicros">Of the terms that a former leader has journaled, from the last stamp on.</param>
internal sealed class FirmEnd(long leftMicros)
{
    private TimeSpan? _at;

    /// <summary>
    /// By the journal's clock, in Unix seconds: no later than the block's time allows, and no longer than the chain's clock.
    /// </summary>
    public static long UntilOf(SetFirmTerms terms, long nowSeconds) =>
        Math.Min(terms.UntilSeconds, nowSeconds + Math.Clamp(terms.LeftSeconds, 0, MostSeconds));

    /// <param name="monotonic">This node's monotonic clock.</param>
    public void Begin(SetFirmTerms terms, TimeSpan monotonic) =>
        _at = monotonic + TimeSpan.FromSeconds(Math.Clamp(terms.LeftSeconds, 0, MostSeconds));

    public bool IsOver(TimeSpan monotonic) => monotonic > (_at ??= monotonic + TimeSpan.FromMicroseconds(Math.Max(0, leftMicros)));

    /// <summary>No vault has a longer delay (rule O11).</summary>
    private const long MostSeconds = 604_800;
}
