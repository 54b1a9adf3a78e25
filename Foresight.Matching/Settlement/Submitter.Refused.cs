using Foresight.Chain;
using Foresight.Chain.Rpc;

namespace Foresight.Matching.Settlement;

// What no node takes blocks every later nonce. So the next in line is replaced when all have refused it for some blocks
// (docs/decisions/0615).
public sealed partial class Submitter
{
    /// <summary>In memory only: another holder begins to count again, and is late by these blocks at most.</summary>
    private (long BatchId, long Head)? _refusedSince;

    /// <summary>Endpoints differ in what they take, such as in what a transaction may cost.</summary>
    private async Task<bool> AnotherTakesItAsync(byte[] raw, CancellationToken cancellationToken)
    {
        foreach (var endpoint in Others())
        {
            try
            {
                await endpoint.SendRawTransactionAsync(raw, cancellationToken);
                return true;
            }
            catch (RpcException refusal)
            {
                if (refusal is not RpcUnavailableException && SendRefusals.MeansTheNodeHasIt(refusal.NodeMessage))
                    return true;
            }
        }

        return false;
    }

    /// <summary>
    /// What another endpoint has is not sent again, because the first may refuse it at each look; it is replaced when it is stuck.
    /// </summary>
    private async Task<bool> IsKnownAsync(StoredBatch batch, bool isNext, CancellationToken cancellationToken)
    {
        var hash = new Hash32(batch.TransactionHash);
        if (await settlement.Client.KnowsTransactionAsync(hash, cancellationToken))
            return true;
        foreach (var endpoint in isNext ? Others() : [])
        {
            try
            {
                if (await endpoint.KnowsTransactionAsync(hash, cancellationToken))
                    return true;
            }
            catch (RpcException)
            {
                // The next one may have it.
            }
        }

        return false;
    }

    /// <summary>Empty for a single endpoint, which has answered already.</summary>
    private IReadOnlyList<EthereumClient> Others() => settlement.Client.WellEndpoints is { Count: > 1 } several ? several : [];

    private async Task<bool> OnRefusalAsync(StoredBatch batch, RpcException refusal, long head, CancellationToken cancellationToken)
    {
        if (_refusedSince?.BatchId != batch.BatchId)
            _refusedSince = (batch.BatchId, head);
        if (!batch.IsBumped && head - _refusedSince!.Value.Head < RefusedRules.BlocksUntilItStands)
            return false;
        var family = await _store.ReadFamilyAsync(batch.Signer, batch.Nonce, cancellationToken);
        var accepted = family.Where(b => b.BroadcastBlock is not null).MaxBy(b => b.MaxFee);
        var tradeIds = BatchSigner.TradeIdsOf(batch.RawTransaction);
        var cap = await CapAsync(cancellationToken);
        var next = RefusedRules.Next(
            new RefusedBatch(
                tradeIds.Count,
                batch.Fee,
                family.Where(b => b.Trades == tradeIds.Count).Min(b => b.MaxFee),
                accepted?.Fee,
                SendRefusals.MeansThereIsNoMoney(refusal.NodeMessage)
            ),
            await SuggestFeeAsync(cap, cancellationToken),
            cap
        );
        if (
            next is not var (trades, fee)
            || await SignSmallerAsync(batch, tradeIds, trades, fee, head, cancellationToken) is not { } smaller
        )
            return false;
        if (!await MaySendAsync(cancellationToken))
            return false;
        Log.Refused(_logger, batch.BatchId, batch.Nonce, smaller.TradeIds.Count, fee.MaxFee);
        settlement.Metrics.Batch("replaced");
        var isSmaller = smaller.TradeIds.Count < tradeIds.Count;
        Publish(await _journal.ReplaceAsync(settlement.Term, batch.BatchId, smaller, isSmaller, cancellationToken));
        _refusedSince = null;
        return true;
    }

    /// <summary>
    /// Gas is bound by a new simulation, because that of all trades would be too much for a few of them. If they cannot settle now, a sign
    /// of life takes the nonce, so that nothing else waits for their market.
    /// </summary>
    /// <returns>Null if there is no block now by which to decide.</returns>
    private async Task<NewBatch?> SignSmallerAsync(
        StoredBatch batch,
        IReadOnlyList<long> tradeIds,
        int trades,
        Fee fee,
        long head,
        CancellationToken cancellationToken
    )
    {
        if (trades > 0 && batch.MarketId is { } market)
        {
            if (await GroundAsync(head, cancellationToken) is not { } ground)
                return null;
            var legs = await _store.ReadLegsAsync(tradeIds, cancellationToken);
            var fitted = await signer.FitAsync(market, [.. tradeIds.Take(trades)], legs, BlockRef.Hash(ground.Hash), cancellationToken);
            if (fitted.Held is null)
                return signer.Sign(market, fitted.TradeIds, legs, batch.Nonce, fee, fitted.GasLimit);
        }

        return signer.SignLife(batch.Nonce, fee, SignOfLifeGas);
    }
}
