using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;

namespace Foresight.Matching.Settlement;

// Keeps the markets out of escape mode. A sign of life is a batch without a market and without trades, as all upkeep is, so that it is
// stored before it is sent, sent again, replaced and confirmed like every other transaction.
public sealed partial class Submitter
{
    /// <summary>More than the call uses (about 31,000).</summary>
    private const long SignOfLifeGas = 100_000;

    private long? _lookedForSign;

    private async Task<bool> SignLifeAsync(IReadOnlyList<StoredBatch> unfinished, CancellationToken cancellationToken)
    {
        var life = settlement.Deployment.LongestOrderLife;
        if (unfinished.Any(batch => batch.IsUpkeep))
            return false;
        if (_lookedForSign is { } last && _clock.GetElapsedTime(last) < SignOfLifeRules.PauseBetweenLooks(life))
            return false;

        // One block, named by its hash, so that the sign and the time are of one chain.
        var head =
            await settlement.Client.GetBlockAsync(await settlement.Client.BlockNumberAsync(cancellationToken), cancellationToken)
            ?? throw new RpcUnavailableException("eth_getBlockByNumber", "the node does not have the block that it called its newest");
        var sign = await _factory.LastSignOfLifeAsync(BlockRef.Hash(head.Hash), cancellationToken);
        var isDue = SignOfLifeRules.IsDue(head.Timestamp, sign, life);
        if (isDue && await RefusalOfSignAsync(head, cancellationToken) is { } refusal)
        {
            Say($"The operator's account {settlement.Key.Key.Address} cannot show a sign of life: {refusal}");
            return false;
        }

        if (isDue)
        {
            Log.Signs(_logger, head.Timestamp - sign);
            var batch = signer.SignLife(await NextNonceAsync(cancellationToken), await SuggestFeeAsync(cancellationToken), SignOfLifeGas);
            await StoreAndSendAsync(batch, cancellationToken);
        }

        _lookedForSign = _clock.GetTimestamp();
        return isDue;
    }

    /// <returns>
    /// Why the factory would refuse the sign, such as a revoked role, because a sign that reverts costs gas at every look. Null if it would
    /// not.
    /// </returns>
    private async Task<string?> RefusalOfSignAsync(BlockHeader head, CancellationToken cancellationToken)
    {
        var call = new CallRequest(settlement.Deployment.Factory, MarketFactoryContract.SignOfLife(), settlement.Key.Key.Address);
        return (await settlement.Client.CallManyAsync([call], BlockRef.Hash(head.Hash), cancellationToken))[0].Revert?.Message;
    }
}
