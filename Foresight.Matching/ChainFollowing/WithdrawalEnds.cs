using Foresight.Matching.Settlement;

namespace Foresight.Matching.ChainFollowing;

/// <summary>
/// Lets the engine go of a co-signed withdrawal: paid, or past its deadline and unpaid, in blocks that no reorganisation undoes. Before
/// that its money could come back while the co-signature can still be used (docs/firm-money.md).
/// </summary>
public sealed class WithdrawalEnds(SettlementContext settlement, WithdrawalStore store, LeaderClient leader)
{
    private (long Number, long Time) _final;

    /// <param name="to">Block whose facts the engine gets in this step.</param>
    public async Task StepAsync(long to, long head, CancellationToken cancellationToken)
    {
        var final = Math.Min(to, head - settlement.Options.FinalityBlocks);
        if (final < 0)
            return;
        if (_final.Number != final)
            _final = (final, (await settlement.Client.GetBlockAsync(final, cancellationToken))?.Timestamp ?? 0);
        var paid = await store.ReadPaidForGoodAsync(final, cancellationToken);
        var lapsed = _final.Time == 0 ? [] : await store.ReadUnpaidAfterAsync(_final.Time, cancellationToken);
        // With the block of this step and not the one that paid: what was observed since then includes what was paid.
        List<OpenWithdrawal> ended = [.. paid, .. lapsed];
        if (ended.Count > 0)
            await leader.DeliverAsync(
                [.. ended.Select(one => leader.EndWithdrawal(one.Account, one.Nonce, one.Shard, one.PaidBlock is null ? null : to))],
                cancellationToken
            );
    }
}
