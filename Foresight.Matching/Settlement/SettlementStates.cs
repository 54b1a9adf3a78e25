namespace Foresight.Matching.Settlement;

/// <summary>Values of <c>settlement_batches.state</c>, one row per transaction ever signed.</summary>
public static class BatchStates
{
    /// <summary>
    /// Stored, and perhaps sent: a crash between storing and recording the broadcast leaves it in this state. The same bytes are then sent
    /// again.
    /// </summary>
    public const string Signed = "signed";

    public const string Broadcast = "broadcast";
    public const string Mined = "mined";
    public const string Final = "final";

    /// <summary>Mined, reverted as a whole, and confirmed.</summary>
    public const string Failed = "failed";

    /// <summary>Replaced by another transaction of the same nonce. It may still be the one that is mined.</summary>
    public const string Replaced = "replaced";
}
