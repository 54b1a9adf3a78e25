namespace Foresight.Matching.Settlement;

/// <summary>What to do next with the transactions of one nonce.</summary>
public enum BatchStep
{
    Wait,

    /// <summary>Send the stored bytes (again): never sent, or the node forgot them.</summary>
    Send,

    /// <summary>Sign a replacement with higher fees.</summary>
    Replace,

    /// <summary>A receipt is there: check it and record what it says.</summary>
    RecordMined,

    /// <summary>The block that held it is not canonical any more.</summary>
    BackToBroadcast,

    /// <summary>Deep enough: final, or failed if it reverted.</summary>
    Finish,
}

/// <param name="State">The batch's stored state.</param>
/// <param name="BlockNumber">Where its receipt was, when mined.</param>
/// <param name="BroadcastBlock">Head when it was sent first.</param>
public sealed record BatchFacts(string State, long? BlockNumber, byte[]? BlockHash, long? BroadcastBlock);

/// <summary>What the chain says of it now.</summary>
/// <param name="ReceiptBlock">Null: no transaction of this nonce has a receipt.</param>
/// <param name="CanonicalHash">
/// Hash of the canonical block at <see cref="BatchFacts.BlockNumber"/>; null if the node does not have so many blocks.
/// </param>
/// <param name="KnownToNode">The node has it in its pool.</param>
public sealed record ChainFacts(long Head, long? ReceiptBlock, byte[]? CanonicalHash, bool KnownToNode);

/// <summary>The settlement state machine of one batch; the loop only does what it says.</summary>
public static class BatchProgressRules
{
    public static BatchStep Next(BatchFacts batch, ChainFacts chain, int confirmations, int stuckAfterBlocks)
    {
        switch (batch.State)
        {
            case BatchStates.Signed:
                // It may have been sent and mined before the crash that kept us from recording it.
                return chain.ReceiptBlock is not null ? BatchStep.RecordMined : BatchStep.Send;

            case BatchStates.Broadcast:
                if (chain.ReceiptBlock is not null)
                    return BatchStep.RecordMined;
                if (!chain.KnownToNode)
                    return BatchStep.Send;
                return batch.BroadcastBlock is { } sent && chain.Head - sent >= stuckAfterBlocks ? BatchStep.Replace : BatchStep.Wait;

            case BatchStates.Mined:
                // A node that lags undoes nothing; a chain that was undone soon has another block there.
                if (chain.CanonicalHash is null)
                    return BatchStep.Wait;
                if (batch.BlockHash is null || !chain.CanonicalHash.AsSpan().SequenceEqual(batch.BlockHash))
                    return BatchStep.BackToBroadcast;
                return Depth(chain.Head, batch.BlockNumber!.Value) >= confirmations ? BatchStep.Finish : BatchStep.Wait;

            default:
                return BatchStep.Wait;
        }
    }

    /// <summary>
    /// Blocks on top of <paramref name="block"/>. Confirmed is depth >= confirmations, so the follower's F = head - confirmations.
    /// </summary>
    public static long Depth(long head, long block) => head - block;
}
