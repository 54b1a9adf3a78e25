using System.Diagnostics;
using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Protocol;
using Foresight.Matching.ChainReading;
using Foresight.Matching.Settlement;

namespace Foresight.Matching.ChainFollowing;

/// <summary>The chain undid more than is ever healed by itself. A person must look.</summary>
public sealed class SettlementHaltedException(string message) : Exception(message);

/// <summary>
/// Tells the engine what confirmed blocks say, in their order. A step reads a block range, has the leader acknowledge all that follows from
/// it, and only then moves the cursor; whatever fails before, the same step is done again.
/// </summary>
public sealed partial class ChainFollower(FollowerParts parts)
{
    /// <summary>Trades bust in one step.</summary>
    private const int BustLimit = 2_000;

    private readonly SettlementContext settlement = parts.Settlement;
    private readonly Deployment deployment = parts.Settlement.Deployment;
    private readonly SettlementOptions options = parts.Settlement.Options;
    private readonly ILogger logger = parts.Settlement.Logger;
    private readonly FollowerStore store = parts.Store;
    private readonly FollowerJournal journal = parts.Journal;
    private readonly LeaderClient leader = parts.Leader;
    private readonly UnconfirmedWatcher watcher = new(parts);

    /// <summary>Contracts whose logs matter.</summary>
    private readonly IReadOnlyList<Address> addresses =
    [
        .. parts.Settlement.Deployment.Markets.Select(m => m.Address), parts.Settlement.Deployment.Usdc, parts.Settlement.Deployment.OutcomeToken,
    ];

    private bool lostMarketsClosed;

    /// <summary>Last block whose facts the engine has; 0 before the first step of the term.</summary>
    public long Confirmed { get; private set; }

    /// <returns>Whether there may be more to do at once.</returns>
    public async Task<bool> StepAsync(long head, CancellationToken cancellation)
    {
        if (parts.Allotter is not null) await parts.Allotter.FinishAsync(cancellation);
        var known = await store.ReadCursorAsync(cancellation);
        var cursor = known ?? await StartAsync(cancellation);
        Confirmed = cursor.Number;
        if (known is not null)
        {
            // A block that the node does not have was not undone: a reorganisation puts another in its place.
            var at = await settlement.Client.GetBlockAsync(cursor.Number, cancellation) ?? throw Lags(cursor);
            if (at.Hash != cursor.Hash)
            {
                await RewindAsync(cursor, head, cancellation);
                return true;
            }
        }

        await CloseLostMarketsAsync(cancellation);
        await BustAsync(cursor, head, cancellation);
        if (parts.Allotter is not null) await parts.Allotter.MoveAsync(leader.BlockOf(cursor.Number), cancellation);
        var reobserve = await store.ReadReobserveAsync(cancellation);
        var to = Math.Min(head - options.Confirmations, cursor.Number + options.BlockRange);
        // An observation of an older block than the ledger's is refused, so after a reorganisation the chain must first have grown beyond it.
        if (to <= cursor.Number || reobserve >= head - options.Confirmations)
        {
            await watcher.StepAsync(cursor, head, addresses, cancellation);
            return false;
        }

        var started = Stopwatch.GetTimestamp();
        var range = await parts.Reader.ReadAsync(cursor.Number + 1, to, cursor, addresses, [.. BlockFacts.AllTopics], cancellation);
        var facts = BlockFacts.Read(deployment, range.Logs);
        await journal.NoteDeadAsync(settlement.Term, deployment, facts, cancellation);
        await leader.DeliverAsync(await CommandsAsync(facts, to, cancellation), cancellation);
        if (facts.Stops.Count > 0) await parts.Markets.StepAsync(facts.Stops, to, head, cancellation);
        await ObserveAsync(facts, everything: known is null || reobserve < to, to, cancellation);
        await AdvanceAsync(range, facts, cancellation);
        Confirmed = to;
        settlement.Metrics.BlocksProcessed(Stopwatch.GetElapsedTime(started));
        await BustAsync(range.Last, head, cancellation);
        if (to < head - options.Confirmations) return true;
        await watcher.StepAsync(range.Last, head, addresses, cancellation);
        return false;
    }

    private async Task<BlockMark> StartAsync(CancellationToken cancellation)
    {
        var before = await ReadStartAsync(cancellation);
        await journal.ForgetUnconfirmedAsync(settlement.Term, cancellation);
        Log.Starts(logger, before.Number);
        return before;
    }

    /// <summary>The block before the deployment: nothing of ours is in it or below.</summary>
    private async Task<BlockMark> ReadStartAsync(CancellationToken cancellation)
    {
        var number = Math.Max(0, deployment.DeployedBlock - 1);
        var header = await settlement.Client.GetBlockAsync(number, cancellation)
            ?? throw new InconsistentChainException($"The node does not have block {number}, which is before the deployment.");
        return new BlockMark(number, header.Hash);
    }

    /// <summary>Once in a term: orders of a development chain that was lost must not be matched any more.</summary>
    private async Task CloseLostMarketsAsync(CancellationToken cancellation)
    {
        if (lostMarketsClosed) return;
        var lost = await store.ReadMarketsOfLostChainsAsync(deployment.Generation, cancellation);
        await leader.DeliverAsync([.. lost.Select(leader.Close)], cancellation);
        lostMarketsClosed = true;
    }

    private InconsistentChainException Lags(BlockMark cursor)
    {
        var lag = new InconsistentChainException(
            $"The node does not have block {cursor.Number}, which was confirmed before: it lags, and nothing is decided by it.");
        settlement.Client.Distrust(lag.Message);
        return lag;
    }

    private async Task<bool> IsCanonicalAsync(BlockMark mark, CancellationToken cancellation)
        => await settlement.Client.GetBlockAsync(mark.Number, cancellation) is { } header && header.Hash == mark.Hash;

    /// <summary>Settlements, cancels and resolutions. Trade ids that the journal does not know are the reconciler's to report.</summary>
    private async Task<IReadOnlyList<LeaderCommand>> CommandsAsync(BlockFacts facts, long block, CancellationToken cancellation)
    {
        var commands = new List<LeaderCommand>();
        commands.AddRange(facts.Settled.Where(s => s.TradeId <= long.MaxValue).Select(s => leader.Settle((long)s.TradeId, s.Position.BlockNumber)));

        foreach (var (order, lots) in await parts.DirectFills.ReadAsync(facts, block, cancellation)) commands.Add(leader.Reduce(order, lots));
        foreach (var salt in facts.SaltsCancelled)
            commands.Add(leader.CancelSalt(salt.Maker, MarketId(salt), salt.Salt, salt.Position.TransactionHash, salt.Position.LogIndex));
        commands.AddRange(facts.Resolutions.Select(r => leader.Resolve(MarketId(r), (int)r.OutcomeIndex, r.Position.TransactionHash)));
        commands.AddRange(facts.Invalidations.Select(i => leader.SetState(MarketId(i), Engine.MarketState.Closed)));
        return commands;
    }

    private int MarketId(MarketEvent e) => deployment.Find(e.Position.Market)!.Id;

    private async Task ObserveAsync(BlockFacts facts, bool everything, long block, CancellationToken cancellation)
    {
        HashSet<Address> touched = [.. facts.Touched.Select(t => t.Account), .. facts.CollateralApprovals, .. facts.ShareApprovals];
        var known = everything ? [.. await store.ReadAllAccountsAsync(cancellation)] : touched.Count == 0 ? [] : await store.ReadKnownAccountsAsync(touched, cancellation);
        var decreases = await parts.Unconfirmed.ReadUnconfirmedAsync(cancellation);
        await ObserveAsync(UnconfirmedRules.With(ObservationRules.Plan(deployment, facts, known), deployment, decreases, block), known, decreases, block, cancellation);
        if (everything && known.Count > 0) await ObserveAsync(ObservationRules.Everything(deployment, known), known, decreases, block, cancellation);
    }

    private async Task ObserveAsync(Observations plan, IReadOnlySet<Address> known, IReadOnlyList<UnconfirmedDecrease> decreases, long block, CancellationToken cancellation)
    {
        var read = new List<ChainHolding>(await parts.Holdings.ReadCollateralAsync([.. plan.Collateral], block, cancellation));
        foreach (var (market, accounts) in plan.Shares) read.AddRange(await parts.Holdings.ReadSharesAsync(market, [.. accounts], block, cancellation));
        if (read.Count == 0) return;
        var owned = await store.ReadOwnedAsync([.. read.Select(r => r.Account).Distinct()], cancellation);
        var changed = UnconfirmedRules.Believable(ObservationRules.Changed(read, owned, known), owned, decreases, block).ToList();
        await leader.ObserveAsync(changed, block, parts.Allotter, cancellation);
    }

    private async Task AdvanceAsync(VerifiedRange range, BlockFacts facts, CancellationToken cancellation)
    {
        var to = range.Last;
        var settled = facts.Settled.Where(s => s.TradeId <= long.MaxValue).ToList();
        var refused = new List<(MarketEvent.SettlementFailed Event, SettlementFailure Failure)>();
        foreach (var refusal in facts.Refused.Where(r => r.TradeId <= long.MaxValue))
            refused.Add((refusal, await parts.Transfers.NameAsync(SettlementFailure.Decode(refusal.Reason), to.Number, cancellation)));
        var trace = await settlement.Store.ReadTraceAsync(settled.Select(s => (long)s.TradeId), cancellation);
        var changes = await journal.AdvanceAsync(
            settlement.Term, [.. range.Headers.Select(h => new BlockMark(h.Number, h.Hash))],
            [.. settled.Select(s => new FinalTrade((long)s.TradeId, s.Position.TransactionHash.ToBytes(), s.Position.BlockNumber))],
            [.. refused.Where(r => !r.Failure.IsSettledAlready() && !r.Failure.IsTemporary()).Select(r =>
                ((long)r.Event.TradeId, r.Failure.Stored(), r.Event.Position.TransactionHash.ToBytes(), r.Event.Position.BlockNumber))],
            cancellation);
        settlement.Publisher.Publish(settlement.Term, changes);
        trace.Final(changes);
        settlement.Publisher.Tell("finality", to.Number);
        if (settled.Count > 0) Log.Final(logger, settled.Count, to.Number);
    }

    /// <summary>What failed and is certain gives the money of both sides free, once the orders that made it fail are off the book.</summary>
    private async Task BustAsync(BlockMark confirmed, long head, CancellationToken cancellation)
    {
        var failed = await store.ReadToBustAsync(confirmed.Number, BustLimit, cancellation);
        if (failed.Count == 0) return;
        // First, because a trade that the engine has closed is not met here again.
        var attributions = failed.Select(f => FailureReasons.AttributionOf(f.TradeId, f.Reason)).OfType<Attribution>().ToList();
        if (attributions.Count > 0) await journal.AttributeAsync(settlement.Term, attributions, cancellation);
        var (facts, block) = await ReadAboveAsync(failed, confirmed, head, cancellation);
        List<LeaderCommand> withdrawn =
        [
            .. await parts.FaultyOrders.CommandsAsync(failed, facts, block, cancellation),
            .. await parts.FaultyOrders.OfRefusedAsync(attributions.Select(a => a.TradeId).ToList(), options.Offenders, cancellation),
        ];
        if (withdrawn.Count > 0) await leader.DeliverAsync(withdrawn, cancellation);
        var trace = await settlement.Store.ReadTraceAsync(failed.Select(f => f.TradeId), cancellation);
        await leader.DeliverAsync([.. failed.Select(f => leader.Bust(f.TradeId, f.Reason, confirmed.Number))], cancellation);
        trace.Bust(failed);
        foreach (var (_, reason) in failed) settlement.Metrics.Bust(FailureReasons.CodeOf(reason));
        Log.Bust(logger, failed.Count);
    }

    /// <summary>What is known above the cursor of orders that were filled past us: the fill that made a trade fail is often not confirmed yet.</summary>
    private async Task<(BlockFacts Facts, long Block)> ReadAboveAsync(
        IReadOnlyList<(long TradeId, string? Reason)> failed, BlockMark confirmed, long head, CancellationToken cancellation)
    {
        if (head <= confirmed.Number || head - confirmed.Number > options.BlockRange || !failed.Any(f => FaultyOrders.IsOverfilled(f.Reason)))
            return (new BlockFacts(), confirmed.Number);
        var above = await parts.Reader.ReadAsync(confirmed.Number + 1, head, confirmed, addresses, [.. BlockFacts.AllTopics], cancellation);
        return (BlockFacts.Read(deployment, above.Logs), head);
    }

    private async Task RewindAsync(BlockMark cursor, long head, CancellationToken cancellation)
    {
        foreach (var mark in await store.ReadMarksAsync(Math.Max(0, cursor.Number - options.FinalityBlocks), cancellation))
        {
            if (mark.Number > head || !await IsCanonicalAsync(mark, cancellation)) continue;
            await RewindToAsync(mark);
            return;
        }

        if (await ReadStartAsync(cancellation) is var start && cursor.Number - start.Number <= options.FinalityBlocks)
        {
            await RewindToAsync(start);
            return;
        }

        throw new SettlementHaltedException(
            $"The chain has undone block {cursor.Number} and everything down to {options.FinalityBlocks} blocks before it. Settlement stops until somebody has looked.");

        async Task RewindToAsync(BlockMark mark)
        {
            Log.Rewinds(logger, cursor.Number, mark.Number);
            settlement.Publisher.Publish(settlement.Term, await journal.RewindAsync(settlement.Term, mark, cancellation));
            settlement.Publisher.Tell("reorganisation", mark.Number);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "The chain is followed from block {Block} on.")]
        public static partial void Starts(ILogger logger, long block);

        [LoggerMessage(LogLevel.Information, "{Trades} trades are final as of block {Block}.")]
        public static partial void Final(ILogger logger, int trades, long block);

        [LoggerMessage(LogLevel.Warning, "{Trades} failed trades were bust; what they held is free again.")]
        public static partial void Bust(ILogger logger, int trades);

        [LoggerMessage(LogLevel.Warning, "Confirmed block {Cursor} was undone; the follower steps back to {Ancestor}.")]
        public static partial void Rewinds(ILogger logger, long cursor, long ancestor);
    }
}
