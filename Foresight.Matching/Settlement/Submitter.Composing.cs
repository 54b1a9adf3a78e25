using System.Numerics;
using Foresight.Chain.Rpc;

namespace Foresight.Matching.Settlement;

// New transactions are simulated before they are signed, and stored before they are sent, so that a crash anywhere can neither lose nor
// repeat one.
public sealed partial class Submitter
{
    /// <summary>Enough to fill every free slot at the default settings.</summary>
    private const int WaitingLimit = 2_000;

    /// <summary>
    /// Of one market at one block. Each costs a call to every endpoint at every block, one after the other; with so many, the market waits
    /// for the next block, as do the doubts that it may have beyond them.
    /// </summary>
    public const int MostDoubts = 200;

    /// <summary>What is left out until the next block.</summary>
    private sealed record HeldAtHead(long Head)
    {
        /// <summary>Apart for firm trades, which settle where others meet a pause.</summary>
        public HashSet<(int Market, bool Firm)> Markets { get; } = [];

        public HashSet<long> Trades { get; } = [];

        public Dictionary<(int Market, bool Firm), int> Doubts { get; } = [];
    }

    /// <summary>
    /// Markets in which nothing settles now (paused), and trades about which a node gives doubtful answers, are left out until the next
    /// block: they soon are the oldest and would take all slots, and all that is read at once, from the others. The trades of a market
    /// settle in any order: what one of them brings can be spent only when it is settled. Firm trades go first, in batches of their own: no
    /// number of other trades, and no fault of one of them, may keep them for as long as a withdrawal takes.
    /// </summary>
    private async Task<bool> ComposeAsync(int slots, long head, CancellationToken cancellationToken)
    {
        if (_held.Head != head)
            _held = new HeldAtHead(head);
        if (_held.Markets.Count > 0 || _held.Trades.Count > 0)
            Trouble ??= _heldSaid;
        var acted = false;
        BlockHeader? ground = null;
        while (true)
        {
            var undone = await _store.ReadUndoneAccountsAsync(head, cancellationToken);
            var (firm, waiting) = (await ReadAsync(isFirm: true), await ReadAsync(isFirm: false));
            if (
                BatchRules.Overdue(waiting, settlement.Deployment.LongestOrderLife, _clock.GetUtcNow(), DateTimeOffset.MaxValue) is
                { Count: > 0 }
            )
            {
                if ((ground ??= await GroundAsync(head, cancellationToken)) is not { } newest)
                    return acted;
                if (await FailOverdueAsync(waiting, newest, cancellationToken))
                {
                    acted = true;
                    continue;
                }
            }

            var planned = BatchRules.Compose(firm, settlement.Options.Limits, slots, _clock.GetUtcNow());
            planned.AddRange(BatchRules.Compose(waiting, settlement.Options.Limits, slots - planned.Count, _clock.GetUtcNow()));
            if (planned.Count > 0 && (ground ??= await GroundAsync(head, cancellationToken)) is null)
                return acted;
            var heldBefore = _held.Markets.Count + _held.Trades.Count;
            foreach (var plan in planned.Where(p => !_held.Markets.Contains((p.MarketId, p.IsFirm))))
            {
                if (await SubmitAsync(plan, BlockRef.Hash(ground!.Hash), cancellationToken))
                    (acted, slots) = (true, slots - 1);
            }

            // Each pass leaves out more, and of each market only so many trades, so the loop ends.
            if (_held.Markets.Count + _held.Trades.Count == heldBefore || slots <= 0)
                return acted;

            Task<IReadOnlyList<WaitingTrade>> ReadAsync(bool isFirm) =>
                _store.ReadWaitingAsync(
                    isFirm,
                    WaitingLimit,
                    [.. _held.Markets.Where(held => held.Firm == isFirm).Select(held => held.Market)],
                    _held.Trades,
                    undone,
                    cancellationToken
                );
        }
    }

    /// <summary>
    /// A failure in the simulation of new trades is final, so the block must be the newest one and descend from every block that the ledger
    /// has the facts of. A node that lags, or is on another fork than the follower, would fail valid trades.
    /// </summary>
    /// <returns>Null if there is no such block now; nothing is decided then.</returns>
    private async Task<BlockHeader?> GroundAsync(long head, CancellationToken cancellationToken)
    {
        var (cursor, reobserves) = await _store.ReadFollowedAsync(cancellationToken);
        if (reobserves)
            return Wait("A reorganisation was followed back; no new trade is sent until every account was observed anew.");
        if (cursor is { } mark && head < mark.Number)
        {
            settlement.Client.Distrust($"It tells of block {head} as its newest, and block {mark.Number} was confirmed before.");
            return Wait($"The node has block {head} only, and block {mark.Number} was followed already.");
        }

        var isNear = cursor is { } near && head - near.Number <= settlement.Options.BlockRange;
        var headers = await settlement.Client.GetBlocksAsync(isNear ? cursor!.Value.Number : head, head, cancellationToken);
        for (var i = 1; i < headers.Count; i++)
            if (headers[i].ParentHash != headers[i - 1].Hash)
                return Wait($"Block {headers[i].Number} does not follow the one before it.");
        var followed =
            cursor is not { } last
            || (isNear ? headers[0].Hash : (await settlement.Client.GetBlockAsync(last.Number, cancellationToken))?.Hash) == last.Hash;
        return followed ? headers[^1] : Wait($"Block {cursor!.Value.Number} was followed, and is not there any more.");

        BlockHeader? Wait(string reason)
        {
            Say(reason);
            return null;
        }
    }

    /// <returns>False if the chain's time does not agree with this node's clock that there are any.</returns>
    private async Task<bool> FailOverdueAsync(IReadOnlyList<WaitingTrade> waiting, BlockHeader head, CancellationToken cancellationToken)
    {
        var overdue = BatchRules.Overdue(
            waiting,
            settlement.Deployment.LongestOrderLife,
            _clock.GetUtcNow(),
            DateTimeOffset.FromUnixTimeSeconds(head.Timestamp)
        );
        if (overdue.Count == 0)
            return false;
        Log.Overdue(_logger, overdue.Count, overdue[0].TradeId);
        Publish(
            await _journal.FailUnsentAsync(
                settlement.Term,
                [.. overdue.Select(trade => new TradeOutcome(trade.TradeId, FailureReasons.SettlementSilent))],
                cancellationToken
            )
        );
        return true;
    }

    /// <returns>
    /// True if the batch is stored or its trades have failed: either way it has used a slot. False if nothing in it can be settled now and
    /// nothing has changed.
    /// </returns>
    private async Task<bool> SubmitAsync(PlannedBatch plan, BlockRef ground, CancellationToken cancellationToken)
    {
        var legs = await _store.ReadLegsAsync(plan.TradeIds, cancellationToken);
        var checks = await signer.PreflightAsync(plan, legs, ground, cancellationToken);
        // No trade is at fault, so nothing is decided and all of them are tried again.
        if (checks.Held is { } reason)
        {
            Hold(plan, reason);
            return false;
        }

        if (checks.Failed.Count > 0)
        {
            foreach (var failed in checks.Failed)
                Log.PreflightFailed(_logger, failed.TradeId, failed.Reason!);
            Publish(await _journal.FailUnsentAsync(settlement.Term, checks.Failed, cancellationToken));
            signer.Forget(checks.Failed);
        }

        Doubt(plan, checks.Doubtful);
        HoldFirm(checks.Firm);
        var survivors = plan
            .TradeIds.Except(checks.Failed.Select(f => f.TradeId))
            .Except(checks.SettledAlready)
            .Except(checks.Doubtful.Select(d => d.TradeId))
            .Except(checks.Firm.Select(f => f.TradeId))
            .ToList();
        if (survivors.Count == 0)
            return checks.Failed.Count > 0;
        var fitted = await signer.FitAsync(plan.MarketId, survivors, legs, ground, cancellationToken);
        if (fitted.Held is { } obstacle)
        {
            Hold(plan, obstacle);
            return false;
        }

        var (nonce, fee) = (await NextNonceAsync(cancellationToken), await SuggestFeeAsync(cancellationToken));
        if (!await MaySendAsync(cancellationToken))
            return false;
        await StoreAndSendAsync(signer.Sign(plan.MarketId, fitted.TradeIds, legs, nonce, fee, fitted.GasLimit), cancellationToken);
        return true;
    }

    /// <summary>
    /// Stored before sent: from then on its trades go on chain by these bytes or their replacement, whichever node holds the lease.
    /// </summary>
    private async Task StoreAndSendAsync(NewBatch batch, CancellationToken cancellationToken)
    {
        Publish(await _journal.StoreAsync(settlement.Term, batch, cancellationToken));
        var stored = (await _store.ReadFamilyAsync(batch.Signer, batch.Nonce, cancellationToken))[0];
        await SendAsync(stored, isNext: false, cancellationToken);
    }

    /// <summary>A market with too many waits too.</summary>
    private void Doubt(PlannedBatch plan, IReadOnlyList<(long TradeId, string Reason)> doubtful)
    {
        if (doubtful.Count == 0)
            return;
        var market = (plan.MarketId, plan.IsFirm);
        _held.Trades.UnionWith(doubtful.Select(doubt => doubt.TradeId));
        var doubts = _held.Doubts[market] = _held.Doubts.GetValueOrDefault(market) + doubtful.Count;
        Say(_heldSaid = $"Trades of market {plan.MarketId} wait ({doubts} at this block): {doubtful[0].Reason}");
        if (doubts >= MostDoubts)
            _held.Markets.Add(market);
    }

    private void HoldFirm(IReadOnlyList<(long TradeId, string Reason)> refused)
    {
        foreach (var (trade, reason) in refused.Where(one => _held.Trades.Add(one.TradeId)))
        {
            Say(_heldSaid = $"Firm trade {trade} would fail: {reason}");
            Log.FirmHeld(_logger, trade, reason);
        }

        settlement.Metrics.FirmHeld(refused.Count);
    }

    /// <summary>Leaves the market out until the next block.</summary>
    private void Hold(PlannedBatch plan, string reason)
    {
        Say(_heldSaid = $"Market {plan.MarketId} cannot settle: {reason}");
        _held.Markets.Add((plan.MarketId, plan.IsFirm));
    }

    /// <summary>
    /// A transaction with the nonce of another would replace it, so a new nonce follows every one that the journal has signed and every one
    /// that the chain has mined or holds as pending.
    /// </summary>
    private async Task<long> NextNonceAsync(CancellationToken cancellationToken)
    {
        var pending = await settlement.Client.GetTransactionCountAsync(settlement.Key.Key.Address, BlockRef.Pending, cancellationToken);
        var last = await _store.ReadLastNonceAsync(settlement.Key.Address, cancellationToken);
        return Math.Max(pending, last + 1 ?? 0);
    }

    private async Task<Fee> SuggestFeeAsync(CancellationToken cancellationToken) =>
        await SuggestFeeAsync(await CapAsync(cancellationToken), cancellationToken);

    private async Task<Fee> SuggestFeeAsync(BigInteger cap, CancellationToken cancellationToken)
    {
        var market = await settlement.Client.SuggestFeesAsync(settlement.Options.PriorityFee, cancellationToken);
        return FeeRules.First(market.BaseFeePerGas, market.MaxPriorityFeePerGas, cap);
    }

    /// <summary>Read each time: what waits longest may just have been mined.</summary>
    private async Task<BigInteger> CapAsync(CancellationToken cancellationToken)
    {
        TimeSpan? delay = settlement.Deployment.Vault is { } vault ? TimeSpan.FromSeconds(vault.Delay.Seconds) : null;
        var waits = delay is null ? null : await _store.ReadLongestFirmWaitAsync(cancellationToken);
        return FeeRules.Cap(waits, delay, settlement.Options.MaxFee, settlement.Options.FirmMaxFee);
    }
}
