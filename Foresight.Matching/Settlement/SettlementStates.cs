namespace Foresight.Matching.Settlement;

/// <summary>Values of <c>settlement_batches.state</c>: one row for each transaction ever signed.</summary>
public static class BatchStates
{
    /// <summary>
    /// Stored, perhaps sent: a crash between storing and recording the broadcast leaves it here. Sent again, the same bytes.
    /// </summary>
    public const string Signed = "signed";

    public const string Broadcast = "broadcast";
    public const string Mined = "mined";
    public const string Final = "final";

    /// <summary>Mined, reverted as a whole, and confirmed.</summary>
    public const string Failed = "failed";

    /// <summary>Another transaction of the same nonce took its place. It may still be the one that is mined.</summary>
    public const string Replaced = "replaced";
}
