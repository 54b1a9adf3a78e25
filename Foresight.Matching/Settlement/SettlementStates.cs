namespace Foresight.Matching.Settlement;

/// <summary>Stored in <c>settlement_batches.state</c>, so the values must not change. One row per transaction ever signed.</summary>
public static class BatchStates
{
    /// <summary>
    /// Stored, and perhaps sent: a crash between sending and recording the broadcast leaves it in this state. The same bytes are then sent
    /// again.
    /// </summary>
    public const string Signed = "signed";

    public const string Broadcast = "broadcast";
    public const string Mined = "mined";
    public const string Final = "final";

    /// <summary>
    /// Had no effect and never will: it reverted as a whole and is confirmed, its nonce was taken, or its chain was lost.
    /// </summary>
    public const string Failed = "failed";

    /// <summary>Another transaction has the same nonce. Either may be the one that is mined.</summary>
    public const string Replaced = "replaced";
}
