using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Chain.Signing;

namespace Foresight.Matching.Settlement;

// Co-signs withdrawals whose grant is in the journal, so that their money is no longer there to trade with. No transaction: the account
// sends it, and pays for it.
public sealed partial class Submitter
{
    private async Task<bool> CoSignAsync(CancellationToken cancellationToken)
    {
        if (settlement.Deployment.Vault is not { Address: var vault })
            return false;
        var granted = await _store.ReadToCoSignAsync(cancellationToken);
        if (granted.Count == 0)
            return false;
        var domain = WithdrawalMessage.DomainOf(settlement.Deployment.ChainId, vault);
        await _journal.CoSignAsync(
            settlement.Term,
            [.. granted.Select(one => (one, settlement.Key.Key.Sign(domain.Digest(MessageOf(one).StructHash()))))],
            cancellationToken
        );
        return true;
    }

    private WithdrawalMessage MessageOf(GrantedWithdrawal one) =>
        VaultAssets.MessageOf(
            new Address(one.Account),
            one.MarketId == 0 ? null : settlement.Deployment.Market(one.MarketId).Address,
            one.Outcome,
            one.Units,
            one.Nonce,
            one.DeadlineSeconds
        );
}
