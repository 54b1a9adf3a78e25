using System.Diagnostics;
using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Matching.ChainReading;
using Foresight.Matching.Settlement;
using Foresight.Protocol;

namespace Foresight.Matching.ChainFollowing;

/// <summary>
/// Thrown instead of following a reorganisation deeper than SETTLEMENT_FINALITY_BLOCKS: settlement then keeps its lease, so that no other
/// node continues before an operator has investigated, and allowed it by resuming settlement.
/// </summary>
/// <param name="undone">The block up to which the chain was followed.</param>
public sealed class SettlementHaltedException(string message, Hash32 undone) : Exception(message)
{
    public Hash32 Undone => undone;
}

/// <summary>
/// The cursor moves only after the leader has acknowledged everything that follows from a block range. A step that fails is repeated, so no
/// fact is lost.
/// </summary>
public sealed partial class ChainFollower(FollowerParts parts)
{
    private const int BustLimit = 2_000;

    private readonly SettlementContext _settlement = parts.Settlement;
    private readonly Deployment _deployment = parts.Settlement.Deployment;
    private readonly SettlementOptions _options = parts.Settlement.Options;
    private readonly ILogger _logger = parts.Settlement.Logger;
    private readonly FollowerStore _store = parts.Store;
    private readonly FollowerJournal _journal = parts.Journal;
    private readonly LeaderClient _leader = parts.Leader;
    private readonly UnconfirmedWatcher _watcher = new(parts);

    private readonly IReadOnlyList<Address> _addresses =
    [
        .. parts.Settlement.Deployment.Markets.Select(m => m.Address),
        parts.Settlement.Deployment.Usdc,
        parts.Settlement.Deployment.OutcomeToken,
        parts.Settlement.Deployment.Factory,
        .. parts.Settlement.Deployment.Vault is { } vault ? [vault.Address] : Array.Empty<Address>(),
    ];

    private bool _lostMarketsClosed;

    /// <summary>Failed trades of purses whose cause is dealt with, and whose holds stay until the failure is final.</summary>
    private readonly HashSet<long> _heldThoughFailed = [];

    public long Confirmed { get; private set; }

    public async Task<bool> StepAsync(long head, CancellationToken cancellationToken)
    {
        if (parts.Allotter is not null)
            await parts.Allotter.FinishAsync(cancellationToken);
        var known = await _store.ReadCursorAsync(cancellationToken);
        var cursor = known ?? await StartAsync(cancellationToken);
        Confirmed = cursor.Number;
        if (known is not null)
        {
            // A missing block means a node that lags, not a reorganisation, which would put another block in its place.
            var at = await _settlement.Client.GetBlockAsync(cursor.Number, cancellationToken) ?? throw Lags(cursor);
            if (at.Hash != cursor.Hash)
            {
                await RewindAsync(cursor, head, cancellationToken);
                return true;
            }
        }

        await CloseLostMarketsAsync(cancellationToken);
        await BustAsync(cursor, head, cancellationToken);
        if (parts.Allotter is not null)
            await parts.Allotter.MoveAsync(_leader.BlockOf(cursor.Number), cancellationToken);
        var reobserve = await _store.ReadReobserveAsync(cancellationToken);
        var to = Math.Min(head - _options.Confirmations, cursor.Number + _options.BlockRange);
        // The ledger rejects an observation that is older than its own, so after a reorganisation the chain must first grow beyond that
        // block.
        if (to <= cursor.Number || reobserve >= head - _options.Confirmations)
        {
            await _watcher.StepAsync(cursor, head, _addresses, cancellationToken);
            return false;
        }

        var started = Stopwatch.GetTimestamp();
        var range = await parts.Reader.ReadAsync(cursor.Number + 1, to, cursor, _addresses, [.. BlockFacts.AllTopics], cancellationToken);
        var facts = BlockFacts.Read(_deployment, range.Logs);
        // The cursor stays before its block, because its own events are read only with the deployment that has it.
        if (facts.Created.Count > 0 && await parts.Proposals.ListAsync(facts.Created, cancellationToken))
            return false;
        if (known is null && facts.SignsOfLife.Count == 0)
            await AddEarlierSignAsync(facts, cursor, range, head, cancellationToken);
        // Before the accounts, which can trade as soon as they are observed.
        if (facts.SignsOfLife.Count > 0)
            await _journal.NoteSignsAsync(_settlement.Term, cursor.Number, facts.SignsOfLife, cancellationToken);
        await _journal.NoteDeadAsync(_settlement.Term, _deployment, facts, cancellationToken);
        await _leader.DeliverAsync(await CommandsAsync(facts, to, cancellationToken), cancellationToken);
        await parts.SigningKeys.StepAsync(facts.AnnouncedKeys, cursor.Number, to, cancellationToken);
        if (facts.Stops.Count > 0)
            await parts.Markets.StepAsync(facts.Stops, to, head, cancellationToken);
        // Before the accounts, whose holdings no longer have what was paid.
        if (_deployment.Vault is not null)
        {
            await _journal.NotePaidAsync(_settlement.Term, cursor.Number, facts.SpentCoSignatures, cancellationToken);
            await parts.WithdrawalEnds.StepAsync(to, head, cancellationToken);
        }

        await ObserveAsync(facts, everything: known is null || reobserve < to, to, cancellationToken);
        await parts.Proposals.EndAsync(facts, cancellationToken);
        await parts.FirmTerms.SendAsync(range.Headers[^1], cancellationToken);
        await AdvanceAsync(range, facts, cancellationToken);
        Confirmed = to;
        _settlement.Metrics.BlocksProcessed(Stopwatch.GetElapsedTime(started));
        await BustAsync(range.Last, head, cancellationToken);
        if (to < head - _options.Confirmations)
            return true;
        await _watcher.StepAsync(range.Last, head, _addresses, cancellationToken);
        return false;
    }

    private async Task<BlockMark> StartAsync(CancellationToken cancellationToken)
    {
        var before = await ReadStartAsync(cancellationToken);
        await _journal.ForgetUnconfirmedAsync(_settlement.Term, cancellationToken);
        Log.Starts(_logger, before.Number);
        return before;
    }

    /// <summary>No log up to the block before the deployment can concern this exchange.</summary>
    private async Task<BlockMark> ReadStartAsync(CancellationToken cancellationToken)
    {
        var number = Math.Max(0, _deployment.DeployedBlock - 1);
        var header =
            await _settlement.Client.GetBlockAsync(number, cancellationToken)
            ?? throw new InconsistentChainException($"The node does not have block {number}, which is before the deployment.");
        return new BlockMark(number, header.Hash);
    }

    /// <summary>The orders of a lost development chain must not match any more: nothing can settle their trades.</summary>
    private async Task CloseLostMarketsAsync(CancellationToken cancellationToken)
    {
        if (_lostMarketsClosed)
            return;
        var lost = await _store.ReadMarketsOfLostChainsAsync(_deployment.Generation, cancellationToken);
        await _leader.DeliverAsync([.. lost.Select(_leader.Close)], cancellationToken);
        _lostMarketsClosed = true;
    }

    /// <summary>
    /// Adds the last sign if it is before the blocks that are followed, as the deployment may be, which is the first one. Read at the
    /// newest confirmed block: without an archive a node no longer has the state of old ones. A later sign is found as an event on the way
    /// there.
    /// </summary>
    private async Task AddEarlierSignAsync(
        BlockFacts facts,
        BlockMark start,
        VerifiedRange range,
        long head,
        CancellationToken cancellationToken
    )
    {
        var factory = new MarketFactoryContract(_settlement.Client, _deployment.Factory);
        var sign = await factory.LastSignOfLifeAsync(head - _options.Confirmations, cancellationToken);
        if (sign <= range.Headers[^1].Timestamp)
            facts.SignsOfLife.Add(new SignOfLife(start.Number, sign));
    }

    private InconsistentChainException Lags(BlockMark cursor)
    {
        var lag = new InconsistentChainException(
            $"The node lags: it does not have block {cursor.Number}, which was confirmed before. Retrying."
        );
        _settlement.Client.Distrust(lag.Message);
        return lag;
    }

    private async Task<bool> IsCanonicalAsync(BlockMark mark, CancellationToken cancellationToken) =>
        await _settlement.Client.GetBlockAsync(mark.Number, cancellationToken) is { } header && header.Hash == mark.Hash;

    /// <summary>Skips trade ids beyond 64 bits, which cannot come from the journal; the reconciler reports them.</summary>
    private async Task<IReadOnlyList<LeaderCommand>> CommandsAsync(BlockFacts facts, long block, CancellationToken cancellationToken)
    {
        var commands = new List<LeaderCommand>();
        commands.AddRange(
            facts
                .Settled.Where(s => s.TradeId <= long.MaxValue)
                .Select(s => _leader.Settle((long)s.TradeId, s.Position.BlockNumber, facts.MixedTrades.Contains(s.TradeId)))
        );

        foreach (var (order, lots) in await parts.DirectFills.ReadAsync(facts, block, cancellationToken))
            commands.Add(_leader.Reduce(order, lots));
        foreach (var salt in facts.SaltsCancelled)
            commands.Add(_leader.CancelSalt(salt.Maker, MarketId(salt), salt.Salt, salt.Position.TransactionHash, salt.Position.LogIndex));
        commands.AddRange(facts.Resolutions.Select(r => _leader.Resolve(MarketId(r), (int)r.OutcomeIndex, r.Position.TransactionHash)));
        // What is matched from now on might not be on chain when the decision takes effect.
        commands.AddRange(facts.Announcements.Select(a => _leader.SetState(MarketId(a), Engine.MarketState.Closed)));
        commands.AddRange(facts.Invalidations.Select(i => _leader.SetState(MarketId(i), Engine.MarketState.Closed)));
        return commands;
    }

    private int MarketId(MarketEvent e) => _deployment.Find(e.Position.Market)!.Id;

    private async Task ObserveAsync(BlockFacts facts, bool everything, long block, CancellationToken cancellationToken)
    {
        var waiting = await parts.ReadWaitingAsync(facts, block, cancellationToken);
        HashSet<Address> touched =
        [
            .. facts.Touched.Select(t => t.Account),
            .. facts.CollateralApprovals,
            .. facts.ShareApprovals,
            .. waiting.Due.Select(asset => asset.Account),
        ];
        var known =
            everything ? [.. await _store.ReadAllAccountsAsync(cancellationToken)]
            : touched.Count == 0 ? []
            : await _store.ReadKnownAccountsAsync(touched, cancellationToken);
        var decreases = await parts.Unconfirmed.ReadUnconfirmedAsync(cancellationToken);
        var plan = WaitingRules.With(ObservationRules.Plan(_deployment, facts, known), _deployment, waiting.Due);
        await ObserveAsync(UnconfirmedRules.With(plan, _deployment, decreases, block), known, decreases, waiting, block, cancellationToken);
        if (everything && known.Count > 0)
            await ObserveAsync(ObservationRules.Everything(_deployment, known), known, decreases, waiting, block, cancellationToken);
    }

    private async Task ObserveAsync(
        Observations plan,
        IReadOnlySet<Address> known,
        IReadOnlyList<UnconfirmedDecrease> decreases,
        Waiting waiting,
        long block,
        CancellationToken cancellationToken
    )
    {
        var read = new List<ChainHolding>(await parts.Holdings.ReadCollateralAsync([.. plan.Collateral], block, cancellationToken));
        foreach (var (market, accounts) in plan.Shares)
            read.AddRange(await parts.Holdings.ReadSharesAsync(market, [.. accounts], block, cancellationToken));
        var inVault = await parts.Holdings.ReadVaultAsync([.. plan.Vault], block, cancellationToken);
        var paid = await parts.Withdrawals.ReadPaidAsync([.. inVault.Select(one => one.Account).Distinct()], cancellationToken);
        read.AddRange(inVault.Select(one => waiting.Of(one, paid.GetValueOrDefault(ObservationRules.KeyOf(one)))));
        if (read.Count == 0)
            return;
        var owned = await _store.ReadOwnedAsync([.. read.Select(r => r.Account).Distinct()], cancellationToken);
        var changed = UnconfirmedRules.Believable(ObservationRules.Changed(read, owned, known), owned, decreases, block).ToList();
        await _leader.ObserveAsync(changed, block, parts.Allotter, cancellationToken);
    }

    private async Task AdvanceAsync(VerifiedRange range, BlockFacts facts, CancellationToken cancellationToken)
    {
        var to = range.Last;
        var settled = facts.Settled.Where(s => s.TradeId <= long.MaxValue).ToList();
        var refused = await parts.Refused.ReadAsync(facts, to.Number, cancellationToken);
        var trace = await _settlement.Store.ReadTraceAsync(settled.Select(s => (long)s.TradeId), cancellationToken);
        var times = range.Headers.ToDictionary(header => header.Number, header => header.Timestamp);
        var leaving = await parts.Leaving.ReadAsync(facts.PurseChanges, block => times[block], cancellationToken);
        var changes = await _journal.AdvanceAsync(
            _settlement.Term,
            range.Headers,
            facts.SignsOfLife,
            [
                .. facts.Announcements.Select(a => (MarketId(a), (long?)a.ReadyTime)),
                .. facts.Resolutions.Select(r => (MarketId(r), (long?)null)),
                .. facts.Invalidations.Select(i => (MarketId(i), (long?)null)),
            ],
            leaving,
            (_deployment.Vault is null ? [] : WaitingRules.Of(facts), to.Number - _options.FinalityBlocks),
            [.. settled.Select(s => new FinalTrade((long)s.TradeId, s.Position.TransactionHash.ToBytes(), s.Position.BlockNumber))],
            [
                .. refused
                    .Where(r => !r.Failure.IsSettledAlready() && !r.Failure.IsTemporary())
                    .Select(r =>
                        ((long)r.Event.TradeId, r.Reason, r.Event.Position.TransactionHash.ToBytes(), r.Event.Position.BlockNumber)
                    ),
            ],
            cancellationToken
        );
        _settlement.Publisher.Publish(_settlement.Term, changes);
        trace.Final(changes);
        _settlement.Publisher.Tell("finality", to.Number);
        if (settled.Count > 0)
            Log.Final(_logger, settled.Count, to.Number);
    }

    /// <summary>
    /// Releases the holds of a failed trade only once the orders that caused the failure are off the book: otherwise the next taker would
    /// lose its fill to them. The cause is dealt with once, also where the holds stay until the failure is final.
    /// </summary>
    private async Task BustAsync(BlockMark confirmed, long head, CancellationToken cancellationToken)
    {
        var read = await _store.ReadToBustAsync(
            confirmed.Number,
            confirmed.Number - _options.FinalityBlocks,
            _heldThoughFailed,
            BustLimit,
            cancellationToken
        );
        if (read.Count == 0)
            return;
        List<(long TradeId, string? Reason)> failed = [.. read.Select(trade => (trade.TradeId, trade.Reason))];
        // Attributed first, because a trade that the engine has closed is not read here again.
        var attributions = await parts.OwnActs.ProvenAsync(
            [
                .. failed
                    .Where(f => !_heldThoughFailed.Contains(f.TradeId))
                    .Select(f => FailureReasons.AttributionOf(f.TradeId, f.Reason))
                    .OfType<Attribution>(),
            ],
            _options.BlockRange,
            cancellationToken
        );
        if (attributions.Count > 0)
            await _journal.AttributeAsync(_settlement.Term, attributions, cancellationToken);
        var (facts, block) = await ReadAboveAsync(failed, confirmed, head, cancellationToken);
        List<LeaderCommand> withdrawn =
        [
            .. await parts.FaultyOrders.CommandsAsync(failed, facts, block, cancellationToken),
            .. await parts.FaultyOrders.OfRefusedAsync(attributions.Select(a => a.TradeId).ToList(), _options.Offenders, cancellationToken),
        ];
        if (withdrawn.Count > 0)
            await _leader.DeliverAsync(withdrawn, cancellationToken);
        _heldThoughFailed.ExceptWith(failed.Select(f => f.TradeId));
        _heldThoughFailed.UnionWith(read.Where(trade => trade.Waits).Select(trade => trade.TradeId));
        failed.RemoveAll(f => _heldThoughFailed.Contains(f.TradeId));
        if (failed.Count == 0)
            return;
        var trace = await _settlement.Store.ReadTraceAsync(failed.Select(f => f.TradeId), cancellationToken);
        await _leader.DeliverAsync([.. failed.Select(f => _leader.Bust(f.TradeId, f.Reason, confirmed.Number))], cancellationToken);
        trace.Bust(failed);
        foreach (var (_, reason) in failed)
            _settlement.Metrics.Bust(FailureReasons.CodeOf(reason));
        Log.Bust(_logger, failed.Count);
    }

    /// <summary>
    /// Looks above the cursor for overfilled orders, because the direct fill that made a trade fail is often not confirmed yet.
    /// </summary>
    private async Task<(BlockFacts Facts, long Block)> ReadAboveAsync(
        IReadOnlyList<(long TradeId, string? Reason)> failed,
        BlockMark confirmed,
        long head,
        CancellationToken cancellationToken
    )
    {
        if (
            head <= confirmed.Number
            || head - confirmed.Number > _options.BlockRange
            || !failed.Any(f => FaultyOrders.IsOverfilled(f.Reason))
        )
            return (new BlockFacts(), confirmed.Number);
        var above = await parts.Reader.ReadAsync(
            confirmed.Number + 1,
            head,
            confirmed,
            _addresses,
            [.. BlockFacts.AllTopics],
            cancellationToken
        );
        return (BlockFacts.Read(_deployment, above.Logs), head);
    }

    private async Task RewindAsync(BlockMark cursor, long head, CancellationToken cancellationToken)
    {
        var ancestor = await AncestorAsync(cursor, head, _options.FinalityBlocks, cancellationToken);
        if (ancestor is null && await _store.MayUndoAsync(cursor.Hash, cancellationToken))
            ancestor = await AncestorAsync(cursor, head, cursor.Number, cancellationToken);
        if (ancestor is not { } mark)
            throw new SettlementHaltedException(
                $"A reorganisation undid block {cursor.Number} and at least {_options.FinalityBlocks} blocks before it "
                    + "(SETTLEMENT_FINALITY_BLOCKS). "
                    + "Settlement is halted: verify the chain, then resume it.",
                cursor.Hash
            );
        Log.Rewinds(_logger, cursor.Number, mark.Number);
        _heldThoughFailed.Clear();
        _settlement.Publisher.Publish(_settlement.Term, await _journal.RewindAsync(_settlement.Term, mark, cancellationToken));
        if (_deployment.Vault is not null)
            _settlement.Services.Withdrawals.Skip(_settlement.Term);
        _settlement.Publisher.Tell("reorganisation", mark.Number);
    }

    /// <returns>The newest block that was followed and is canonical; null if there is none at most this deep.</returns>
    private async Task<BlockMark?> AncestorAsync(BlockMark cursor, long head, long depth, CancellationToken cancellationToken)
    {
        foreach (var mark in await _store.ReadMarksAsync(Math.Max(0, cursor.Number - depth), cancellationToken))
            if (mark.Number <= head && await IsCanonicalAsync(mark, cancellationToken))
                return mark;
        return await ReadStartAsync(cancellationToken) is var start && cursor.Number - start.Number <= depth ? start : null;
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "Following the chain from block {Block}.")]
        public static partial void Starts(ILogger logger, long block);

        [LoggerMessage(LogLevel.Information, "{Trades} trades became final at block {Block}.")]
        public static partial void Final(ILogger logger, int trades, long block);

        [LoggerMessage(LogLevel.Warning, "Bust {Trades} failed trades and released their holds.")]
        public static partial void Bust(ILogger logger, int trades);

        [LoggerMessage(LogLevel.Warning, "Confirmed block {Cursor} was undone by a reorganisation; rewinding to block {Ancestor}.")]
        public static partial void Rewinds(ILogger logger, long cursor, long ancestor);
    }
}
