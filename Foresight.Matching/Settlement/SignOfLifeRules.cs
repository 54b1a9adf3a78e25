namespace Foresight.Matching.Settlement;

/// <summary>
/// Signs are often enough that new orders may always live for most of the longest life, and seldom enough to cost little gas.
/// </summary>
public static class SignOfLifeRules
{
    /// <summary>Orders can then reach 7/8 of the longest life ahead, less the confirmations (docs/decisions/0660).</summary>
    public const int SignsInALife = 8;

    /// <summary>A look at the chain's last sign costs two requests; a short life is looked after more often.</summary>
    public static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    /// <param name="blockTime">
    /// Unix seconds of the newest block. Not a node's clock: one that is wrong would be silent for too long, or pay for a sign at each
    /// look.
    /// </param>
    /// <param name="lastSign">Unix seconds of the last sign, as the factory has it at that block.</param>
    public static bool IsDue(long blockTime, long lastSign, TimeSpan longestOrderLife) =>
        (blockTime - lastSign) * SignsInALife >= longestOrderLife.TotalSeconds;

    public static TimeSpan PauseBetweenLooks(TimeSpan longestOrderLife) =>
        longestOrderLife / (SignsInALife * SignsInALife) is var pause && pause < LongestPause ? pause : LongestPause;
}
