using Foresight.Chain;
using Foresight.Chain.Rpc;
using Foresight.Protocol;

namespace Foresight.Matching.Settlement;

// After a rotation of the operator's key, what the former one signed may still be mined, so it is followed to its end. Nonces, fees and the
// transactions in flight are those of the current key only: no node can sign for another.
public sealed partial class Submitter
{
    private bool IsOfCurrentKey(StoredBatch batch) => batch.Signer.AsSpan().SequenceEqual(settlement.Key.Address);

    private async Task<bool> FollowFormerKeysAsync(IEnumerable<StoredBatch> unfinished, long head, CancellationToken cancellationToken)
    {
        var acted = false;
        foreach (var ofKey in unfinished.GroupBy(batch => new Address(batch.Signer)))
        {
            var mined = await settlement.Client.GetTransactionCountAsync(ofKey.Key, BlockRef.Latest, cancellationToken);
            var waiting = ofKey.Where(batch => BatchStates.IsInFlight(batch.State) && batch.Nonce >= mined).ToHashSet();
            var isOut = waiting.Count > 0 && await CannotSettleAnyMoreAsync(ofKey.Key, head, cancellationToken);
            foreach (var batch in ofKey)
                acted |=
                    isOut && waiting.Contains(batch)
                        ? await GiveUpWithoutRoleAsync(batch, cancellationToken)
                        : await ProgressAsync(batch, head, mined, cancellationToken);
        }

        return acted;
    }

    /// <summary>
    /// At a confirmed block, because a revocation may be undone. Also at the head, because a role that was given only now is not confirmed
    /// yet. Should the chain contradict both later, nothing settles twice: the market settles a trade once, and its event decides.
    /// </summary>
    private async Task<bool> CannotSettleAnyMoreAsync(Address signer, long head, CancellationToken cancellationToken) =>
        !await MaySettleAsync(signer, ConfirmedAt(head), cancellationToken) && !await MaySettleAsync(signer, head, cancellationToken);

    /// <summary>In the batch's own block; at the confirmed one, if the node does not keep the state of that block any more.</summary>
    private async Task<bool> CouldSettleAsync(StoredBatch batch, long head, CancellationToken cancellationToken)
    {
        var signer = new Address(batch.Signer);
        try
        {
            return await MaySettleAsync(signer, batch.BlockNumber ?? ConfirmedAt(head), cancellationToken);
        }
        catch (RpcException refusal) when (refusal is not RpcUnavailableException)
        {
            return await MaySettleAsync(signer, ConfirmedAt(head), cancellationToken);
        }
    }

    private Task<bool> MaySettleAsync(Address signer, long block, CancellationToken cancellationToken) =>
        _factory.IsOperatorAsync(signer, block, cancellationToken);

    private long ConfirmedAt(long head) => head - settlement.Options.Confirmations;

    private async Task<bool> GiveUpWithoutRoleAsync(StoredBatch batch, CancellationToken cancellationToken)
    {
        Log.RoleLost(_logger, new Address(batch.Signer), batch.BatchId, batch.Nonce);
        Publish(
            await _journal.GiveUpAsync(settlement.Term, batch.BatchId, "role_revoked", hasReverted: false, alone: null, cancellationToken)
        );
        return true;
    }
}
