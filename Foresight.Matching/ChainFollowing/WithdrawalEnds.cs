using Foresight.Matching.Settlement;

namespace Foresight.Matching.ChainFollowing;

/// <summary>
/// Makes the engine let go of a co-signed withdrawal: paid, or past its deadline and unpaid, in blocks that no reorganisation undoes.
/// Before that its money could come back while the co-signature can still be used (docs/firm-money.md).
/// </summary>
public sealed class WithdrawalEnds(SettlementContext settlement, WithdrawalStore store, LeaderClient leader)
{
    private (long Number, long Time) _final;

    public async Task StepAsync(long followed, long head, CancellationToken cancellationToken)
    {
        var final = Math.Min(followed, head - settlement.Options.FinalityBlocks);
        if (final < 0)
            return;
        if (_final.Number != final)
            _final = (final, (await settlement.Client.GetBlockAsync(final, cancellationToken))?.Timestamp ?? 0);
        var paid = await store.ReadFinallyPaidAsync(final, cancellationToken);
        var lapsed = _final.Time == 0 ? [] : await store.ReadLapsedAsync(_final.Time, cancellationToken);
        List<OpenWithdrawal> ended = [.. paid, .. lapsed];
        if (ended.Count > 0)
            await leader.DeliverAsync(
                [.. ended.Select(one => leader.EndWithdrawal(one.Account, one.Nonce, one.Shard, isPaid: one.PaidBlock is not null))],
                cancellationToken
            );
    }
}
