using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Matching.ChainReading;
using Foresight.Matching.Settlement;
using Foresight.Protocol;

namespace Foresight.Matching.ChainFollowing;

/// <summary>
/// Applies the unconfirmed blocks at each new head, but only what takes away, because such a block can be undone. An order without money
/// behind it is off the book within a block, and the few trades matched before that are bust later.
/// </summary>
public sealed partial class UnconfirmedWatcher(FollowerParts parts)
{
    private readonly SettlementContext _settlement = parts.Settlement;
    private readonly Deployment _deployment = parts.Settlement.Deployment;
    private readonly FollowerStore _store = parts.Store;
    private readonly FollowerJournal _journal = parts.Journal;
    private readonly LeaderClient _leader = parts.Leader;
    private (BlockMark Cursor, long Head) _watched;

    /// <param name="head">Skipped while the head is further away than one query of logs: the follower is then catching up.</param>
    public async Task StepAsync(BlockMark cursor, long head, IReadOnlyList<Address> addresses, CancellationToken cancellationToken)
    {
        if (head <= cursor.Number || head - cursor.Number > _settlement.Options.BlockRange || _watched == (cursor, head))
            return;
        var range = await parts.Reader.ReadAsync(cursor.Number + 1, head, cursor, addresses, [.. BlockFacts.AllTopics], cancellationToken);
        var facts = BlockFacts.Read(_deployment, range.Logs);
        await parts.Markets.StepAsync(facts.Stops, cursor.Number, head, cancellationToken);
        var known = await KnownAsync(facts, cancellationToken);
        await CancelAsync(facts, known, head, cancellationToken);
        await parts.SigningKeys.StepAsync(facts.AnnouncedKeys, cursor.Number, head, cancellationToken);
        await ReduceAsync(facts, known, cursor, head, cancellationToken);
        _watched = (cursor, head);
    }

    private async Task<IReadOnlySet<Address>> KnownAsync(BlockFacts facts, CancellationToken cancellationToken)
    {
        HashSet<Address> touched =
        [
            .. facts.Touched.Select(t => t.Account),
            .. facts.CollateralApprovals,
            .. facts.ShareApprovals,
            .. facts.SaltsCancelled.Select(s => s.Maker),
        ];
        return touched.Count == 0 ? touched : await _store.ReadKnownAccountsAsync(touched, cancellationToken);
    }

    /// <summary>May act on an unconfirmed block: if it is undone, the makers can sign their orders again.</summary>
    private async Task CancelAsync(BlockFacts facts, IReadOnlySet<Address> known, long head, CancellationToken cancellationToken)
    {
        await _journal.NoteDeadAsync(_settlement.Term, _deployment, facts, cancellationToken);
        var commands = new List<LeaderCommand>();
        foreach (var salt in facts.SaltsCancelled.Where(s => known.Contains(s.Maker)))
            commands.Add(
                _leader.CancelSalt(
                    salt.Maker,
                    _deployment.Find(salt.Position.Market)!.Id,
                    salt.Salt,
                    salt.Position.TransactionHash,
                    salt.Position.LogIndex
                )
            );
        foreach (var (order, lots) in await parts.DirectFills.ReadAsync(facts, head, cancellationToken))
            commands.Add(_leader.Reduce(order, lots));
        var refused = await parts.Refused.ReadAsync(facts, head, cancellationToken);
        commands.AddRange(
            await parts.FaultyOrders.CommandsAsync(
                [.. refused.Select(trade => ((long)trade.Event.TradeId, (string?)trade.Reason))],
                facts,
                head,
                cancellationToken
            )
        );
        if (commands.Count > 0)
            await _leader.DeliverAsync(commands, cancellationToken);
    }

    private async Task ReduceAsync(
        BlockFacts facts,
        IReadOnlySet<Address> known,
        BlockMark cursor,
        long head,
        CancellationToken cancellationToken
    )
    {
        var plan = ObservationRules.Plan(_deployment, facts, known);
        var read = new List<ChainHolding>(
            await parts.Holdings.ReadCollateralAsync([.. plan.Collateral.Where(known.Contains)], head, cancellationToken)
        );
        foreach (var (market, accounts) in plan.Shares)
            read.AddRange(await parts.Holdings.ReadSharesAsync(market, [.. accounts.Where(known.Contains)], head, cancellationToken));
        var inVault = await parts.Holdings.ReadVaultAsync([.. plan.Vault.Where(t => known.Contains(t.Account))], head, cancellationToken);
        var waiting = await parts.ReadWaitingAsync(facts, cursor.Number, cancellationToken);
        read.AddRange(inVault.Select(one => waiting.Of(one, paid: 0)));
        if (read.Count == 0)
            return;

        var owned = await _store.ReadOwnedAsync([.. read.Select(r => r.Account).Distinct()], cancellationToken);
        var ours = facts.Fills.Where(f => !f.TradeId.IsZero && f.TradeId <= long.MaxValue).Select(f => (long)f.TradeId).Distinct().ToList();
        var taken = UnconfirmedRules.Sum(
            UnconfirmedRules.TakenByTrades(_deployment, facts, await parts.Unconfirmed.ReadHeldTradesAsync(ours, cancellationToken)),
            await parts.Withdrawals.ReadPaidAsync([.. read.Select(r => r.Account).Distinct()], cancellationToken),
            await parts.Withdrawals.ReadSpentAsync(facts.SpentCoSignatures, cancellationToken)
        );
        var reduced = UnconfirmedRules.Reduced(read, owned, taken).ToList();
        if (reduced.Count == 0)
            return;

        // Recorded before it is sent to the leader: if the block is undone or this node ends, these holdings are observed again
        // nevertheless.
        await _journal.MarkUnconfirmedAsync(_settlement.Term, reduced, head, cancellationToken);
        await _leader.ObserveAsync(reduced, cursor.Number, parts.Allotter, cancellationToken);
        _settlement.Metrics.HeadReductions(reduced.Count);
        Log.Reduced(_settlement.Logger, reduced.Count, head);
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "Reduced {Holdings} holdings to their values at unconfirmed block {Block}.")]
        public static partial void Reduced(ILogger logger, int holdings, long block);
    }
}
