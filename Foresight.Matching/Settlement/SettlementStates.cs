namespace Foresight.Matching.Settlement;

/// <summary>
/// Values of <c>trades.settlement</c>, in the order in which a trade goes through them. A reorganisation takes mined, failed and (deeper than the
/// confirmations) final back to broadcast; a batch that reverted as a whole takes its trades back to matched. Failed becomes mined when a
/// transaction that was thought lost settles it after all.
/// </summary>
public static class TradeStates
{
    /// <summary>In the journal, in no batch.</summary>
    public const string Matched = "matched";

    /// <summary>In a batch whose bytes are stored.</summary>
    public const string Batched = "batched";

    /// <summary>In a batch that was sent at least once.</summary>
    public const string Broadcast = "broadcast";

    /// <summary>Settled in a block that a reorganisation may still undo.</summary>
    public const string Mined = "mined";

    /// <summary>Settled, and confirmed.</summary>
    public const string Final = "final";

    /// <summary>Will not settle; <c>settlement_reason</c> says why. The engine is told to bust it once that is confirmed.</summary>
    public const string Failed = "failed";
}

/// <summary>Values of <c>settlement_batches.state</c>: one row for each transaction ever signed.</summary>
public static class BatchStates
{
    /// <summary>Stored, perhaps sent: a crash between storing and recording the broadcast leaves it here. Sent again, the same bytes.</summary>
    public const string Signed = "signed";

    public const string Broadcast = "broadcast";
    public const string Mined = "mined";
    public const string Final = "final";

    /// <summary>Mined, reverted as a whole, and confirmed.</summary>
    public const string Failed = "failed";

    /// <summary>Another transaction of the same nonce took its place. It may still be the one that is mined.</summary>
    public const string Replaced = "replaced";
}
