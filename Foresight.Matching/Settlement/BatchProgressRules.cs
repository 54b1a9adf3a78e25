using Foresight.Protocol;

namespace Foresight.Matching.Settlement;

public enum BatchStep
{
    Wait,

    /// <summary>Always the stored bytes, so that sending them again is harmless if the node has them already.</summary>
    Send,

    Replace,

    RecordMined,

    /// <summary>A reorganisation removed the block that contained it.</summary>
    BackToBroadcast,

    /// <summary>Only a confirmed block decides: the trades are final, or the batch is given up if it reverted.</summary>
    Finish,
}

/// <param name="BlockNumber">Block of its receipt; null until it is mined.</param>
/// <param name="BroadcastBlock">Head of the chain when it was first sent, from which a stuck transaction is counted.</param>
public sealed record BatchFacts(string State, long? BlockNumber, byte[]? BlockHash, long? BroadcastBlock);

/// <param name="ReceiptBlock">Null if no transaction of this nonce has a receipt.</param>
/// <param name="CanonicalHash">
/// Hash of the canonical block at <see cref="BatchFacts.BlockNumber"/>. Null if the node's chain is shorter, which is no evidence of a
/// reorganisation.
/// </param>
public sealed record ChainFacts(long Head, long? ReceiptBlock, byte[]? CanonicalHash, bool KnownToNode);

public static class BatchProgressRules
{
    public static BatchStep Next(BatchFacts batch, ChainFacts chain, int confirmations, int stuckAfterBlocks)
    {
        switch (batch.State)
        {
            case BatchStates.Signed:
                // A crash may have come between sending and recording, so it may even be mined already.
                return chain.ReceiptBlock is not null ? BatchStep.RecordMined : BatchStep.Send;

            case BatchStates.Broadcast:
                if (chain.ReceiptBlock is not null)
                    return BatchStep.RecordMined;
                if (!chain.KnownToNode)
                    return BatchStep.Send;
                return batch.BroadcastBlock is { } sent && chain.Head - sent >= stuckAfterBlocks ? BatchStep.Replace : BatchStep.Wait;

            case BatchStates.Mined:
                // A node that lags is no evidence of a reorganisation; a real one soon shows another block at this number.
                if (chain.CanonicalHash is null)
                    return BatchStep.Wait;
                if (batch.BlockHash is null || !chain.CanonicalHash.AsSpan().SequenceEqual(batch.BlockHash))
                    return BatchStep.BackToBroadcast;
                return Depth(chain.Head, batch.BlockNumber!.Value) >= confirmations ? BatchStep.Finish : BatchStep.Wait;

            default:
                return BatchStep.Wait;
        }
    }

    /// <summary>A block is confirmed at depth >= confirmations, so the follower's last block is head - confirmations.</summary>
    public static long Depth(long head, long block) => head - block;
}
