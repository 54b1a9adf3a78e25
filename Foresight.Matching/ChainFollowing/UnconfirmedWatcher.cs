using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Protocol;
using Foresight.Matching.ChainReading;
using Foresight.Matching.Settlement;

namespace Foresight.Matching.ChainFollowing;

/// <summary>
/// Looks at the blocks that are not confirmed yet, at each new one, and does at once what only takes away: holds accounts to what they have left,
/// cancels what was cancelled, makes smaller what was filled past us, pauses what was stopped. So an order without money behind it is off the
/// book within a block, and the few that are matched before that are bust later.
/// </summary>
public sealed partial class UnconfirmedWatcher(FollowerParts parts)
{
    private readonly SettlementContext settlement = parts.Settlement;
    private readonly Deployment deployment = parts.Settlement.Deployment;
    private readonly FollowerStore store = parts.Store;
    private readonly FollowerJournal journal = parts.Journal;
    private readonly LeaderClient leader = parts.Leader;
    private (BlockMark Cursor, long Head) watched;

    /// <param name="cursor">The confirmed block that the follower has applied.</param>
    /// <param name="head">Nothing is done while it is further away than one read of logs: the follower is catching up then.</param>
    public async Task StepAsync(BlockMark cursor, long head, IReadOnlyList<Address> addresses, CancellationToken cancellation)
    {
        if (head <= cursor.Number || head - cursor.Number > settlement.Options.BlockRange || watched == (cursor, head)) return;
        var range = await parts.Reader.ReadAsync(cursor.Number + 1, head, cursor, addresses, [.. BlockFacts.AllTopics], cancellation);
        var facts = BlockFacts.Read(deployment, range.Logs);
        await parts.Markets.StepAsync(facts.Stops, cursor.Number, head, cancellation);
        var known = await KnownAsync(facts, cancellation);
        await CancelAsync(facts, known, head, cancellation);
        await ReduceAsync(facts, known, cursor, head, cancellation);
        watched = (cursor, head);
    }

    private async Task<IReadOnlySet<Address>> KnownAsync(BlockFacts facts, CancellationToken cancellation)
    {
        HashSet<Address> touched =
        [
            .. facts.Touched.Select(t => t.Account), .. facts.CollateralApprovals, .. facts.ShareApprovals, .. facts.SaltsCancelled.Select(s => s.Maker),
        ];
        return touched.Count == 0 ? touched : await store.ReadKnownAccountsAsync(touched, cancellation);
    }

    /// <summary>Orders that the chain will not fill, or not whole. If the block is undone, their makers can sign them again.</summary>
    private async Task CancelAsync(BlockFacts facts, IReadOnlySet<Address> known, long head, CancellationToken cancellation)
    {
        await journal.NoteDeadAsync(settlement.Term, deployment, facts, cancellation);
        var commands = new List<LeaderCommand>();
        foreach (var salt in facts.SaltsCancelled.Where(s => known.Contains(s.Maker)))
            commands.Add(leader.CancelSalt(salt.Maker, deployment.Find(salt.Position.Market)!.Id, salt.Salt, salt.Position.TransactionHash, salt.Position.LogIndex));
        foreach (var (order, lots) in await parts.DirectFills.ReadAsync(facts, head, cancellation)) commands.Add(leader.Reduce(order, lots));
        var refused = new List<(long, string?)>();
        foreach (var refusal in facts.Refused.Where(r => r.TradeId <= long.MaxValue))
            refused.Add(((long)refusal.TradeId, (await parts.Transfers.NameAsync(SettlementFailure.Decode(refusal.Reason), head, cancellation)).Stored()));
        commands.AddRange(await parts.FaultyOrders.CommandsAsync(refused, facts, head, cancellation));
        if (commands.Count > 0) await leader.DeliverAsync(commands, cancellation);
    }

    private async Task ReduceAsync(BlockFacts facts, IReadOnlySet<Address> known, BlockMark cursor, long head, CancellationToken cancellation)
    {
        var plan = ObservationRules.Plan(deployment, facts, known);
        var read = new List<ChainHolding>(await parts.Holdings.ReadCollateralAsync([.. plan.Collateral.Where(known.Contains)], head, cancellation));
        foreach (var (market, accounts) in plan.Shares)
            read.AddRange(await parts.Holdings.ReadSharesAsync(market, [.. accounts.Where(known.Contains)], head, cancellation));
        if (read.Count == 0) return;

        var owned = await store.ReadOwnedAsync([.. read.Select(r => r.Account).Distinct()], cancellation);
        var ours = facts.Fills.Where(f => !f.TradeId.IsZero && f.TradeId <= long.MaxValue).Select(f => (long)f.TradeId).Distinct().ToList();
        var taken = UnconfirmedRules.TakenByTrades(deployment, facts, await parts.Unconfirmed.ReadHeldTradesAsync(ours, cancellation));
        var reduced = UnconfirmedRules.Reduced(read, owned, taken).ToList();
        if (reduced.Count == 0) return;

        // Written down before the leader hears of it: should the block be undone, or this node end, they are observed anew all the same.
        await journal.MarkUnconfirmedAsync(settlement.Term, reduced, head, cancellation);
        await leader.ObserveAsync(reduced, cursor.Number, parts.Allotter, cancellation);
        settlement.Metrics.HeadReductions(reduced.Count);
        Log.Reduced(settlement.Logger, reduced.Count, head);
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "{Holdings} holdings are less as of block {Block}, which is not confirmed; the exchange is held to that.")]
        public static partial void Reduced(ILogger logger, int holdings, long block);
    }
}
