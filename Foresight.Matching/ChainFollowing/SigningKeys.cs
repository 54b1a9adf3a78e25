using Foresight.Matching.ChainReading;
using Foresight.Matching.Settlement;

namespace Foresight.Matching.ChainFollowing;

/// <summary>
/// Orders by a key leave the book when a block announces another one, long before the vault refuses the first: what was matched until then
/// still settles (docs/decisions/0665).
/// </summary>
public sealed class SigningKeys(SettlementContext settlement, FollowerStore store, FollowerJournal journal, LeaderClient leader)
{
    /// <param name="announced">In the blocks after <paramref name="from"/>, up to <paramref name="to"/>.</param>
    public async Task StepAsync(IReadOnlyList<AnnouncedKey> announced, long from, long to, CancellationToken cancellationToken)
    {
        if (settlement.Deployment.Vault is null)
            return;
        // Written first: a new order by such a key is then either looked up after this write, and refused, or found below. One whose batch
        // is being committed meanwhile is found in the next step.
        if (announced.Count > 0 || await store.HasAnnouncedKeysAsync(from, to, cancellationToken))
            await journal.NoteKeysAsync(settlement.Term, announced, from, to, cancellationToken);
        var former = await store.ReadRestingOfFormerKeysAsync(cancellationToken);
        if (former.Count > 0)
            await leader.DeliverAsync([.. former.Select(leader.WithdrawOfKey)], cancellationToken);
    }
}
