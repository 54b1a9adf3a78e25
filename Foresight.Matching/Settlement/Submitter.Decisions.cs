using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;

namespace Foresight.Matching.Settlement;

// A decision takes effect when anybody applies it after its delay. Redeeming does; so that a market does not wait for the first who
// redeems, settlement does it as well.
public sealed partial class Submitter
{
    /// <summary>More than the call uses (about 60,000).</summary>
    private const long DecisionGas = 150_000;

    private static readonly TimeSpan BetweenDecisions = TimeSpan.FromSeconds(5);

    private long? _lookedForDecisions;

    private async Task<bool> ApplyDecisionsAsync(IReadOnlyList<StoredBatch> unfinished, CancellationToken cancellationToken)
    {
        if (unfinished.Any(batch => batch.IsUpkeep))
            return false;
        if (_lookedForDecisions is { } last && _clock.GetElapsedTime(last) < BetweenDecisions)
            return false;
        _lookedForDecisions = _clock.GetTimestamp();
        foreach (var market in await _store.ReadDecidedAsync(settlement.Deployment.Generation, cancellationToken))
        {
            var contract = settlement.Deployment.Market(market).Address;
            var call = new CallRequest(contract, MarketContract.ApplyDecision(), settlement.Key.Key.Address);
            // Its blocks are not over, or somebody was faster: its event ends the wait.
            if ((await settlement.Client.CallManyAsync([call], BlockRef.Latest, cancellationToken))[0].Revert is not null)
                continue;
            Log.AppliesDecision(_logger, market);
            var (nonce, fee) = (await NextNonceAsync(cancellationToken), await SuggestFeeAsync(cancellationToken));
            await StoreAndSendAsync(signer.SignDecision(market, nonce, fee, DecisionGas), cancellationToken);
            // One at a time, as upkeep is.
            return true;
        }

        return false;
    }
}
