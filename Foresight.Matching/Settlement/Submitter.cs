using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Chain.Transactions;
using Foresight.Protocol;

namespace Foresight.Matching.Settlement;

/// <summary>
/// Keeps no state between two steps that is not in the journal or on the chain, so a step may be interrupted anywhere and the next one, on
/// this node or another, continues from what is stored.
/// </summary>
public sealed partial class Submitter(SettlementContext settlement, BatchSigner signer, ReceiptReader receipts)
{
    /// <summary>Blocks after which the loss of a nonce to a foreign transaction is accepted: a lagging node must not decide it.</summary>
    private const int BlocksUntilNonceIsLost = 3;

    private readonly SettlementStore _store = settlement.Store;
    private readonly SettlementJournal _journal = settlement.Journal;
    private readonly TimeProvider _clock = settlement.Clock;
    private readonly ILogger _logger = settlement.Logger;
    private readonly MarketFactoryContract _factory = new(settlement.Client, settlement.Deployment.Factory);
    private readonly Dictionary<long, long> _missingSince = [];
    private readonly HashSet<long> _refusedOfFormerKeys = [];
    private long? _gapSince;
    private string? _said;
    private HeldAtHead _held = new(Head: 0);
    private string? _heldSaid;

    public string? Trouble { get; private set; }

    public async Task<bool> StepAsync(long head, CancellationToken cancellationToken)
    {
        Trouble = null;
        var mined = await settlement.Client.GetTransactionCountAsync(settlement.Key.Key.Address, BlockRef.Latest, cancellationToken);
        var ofKeys = (await _store.ReadUnfinishedAsync(cancellationToken)).ToLookup(IsOfCurrentKey);
        List<StoredBatch> unfinished = [.. ofKeys[true]];
        var acted = false;
        foreach (var batch in unfinished)
            acted |= await ProgressAsync(batch, head, mined, cancellationToken);
        acted |= await FollowFormerKeysAsync(ofKeys[false], head, cancellationToken);
        if (!await MaySendAsync(cancellationToken))
            return acted;
        acted |= await CoSignAsync(cancellationToken);
        acted |= await HealGapAsync(unfinished, head, mined, cancellationToken);
        acted |= await SignLifeAsync(unfinished, cancellationToken);
        acted |= await ApplyDecisionsAsync(unfinished, cancellationToken);

        var inFlight = unfinished.Count(b => BatchStates.IsInFlight(b.State));
        if (inFlight < settlement.Options.MaxInFlight)
            acted |= await ComposeAsync(settlement.Options.MaxInFlight - inFlight, head, cancellationToken);
        return acted;
    }

    private async Task<bool> ProgressAsync(StoredBatch batch, long head, long mined, CancellationToken cancellationToken)
    {
        var (facts, found) = await ReadFactsAsync(batch, head, mined, cancellationToken);
        var stuckAfter = batch.IsBumped ? 0 : settlement.Options.StuckAfterBlocks;
        // Only the next in line is ever signed again, and what a former key signed never is.
        var isNext = batch.Nonce == mined && IsOfCurrentKey(batch);
        switch (BatchProgressRules.Next(batch.Facts, facts, settlement.Options.Confirmations, stuckAfter))
        {
            // A batch that the node rejects, or that has reached the fee cap, waits for the next look: an immediate retry would get the
            // same answer.
            case BatchStep.Send:
                return await SendAsync(batch, isNext, cancellationToken);

            case BatchStep.Replace when isNext:
                return await ReplaceAsync(batch, cancellationToken);

            case BatchStep.RecordMined:
                await RecordMinedAsync(batch, found!.Value.Batch, found.Value.Receipt, cancellationToken);
                return true;

            case BatchStep.BackToBroadcast:
                Log.Reorganised(_logger, batch.BatchId, batch.BlockNumber!.Value);
                Publish(await _journal.BackToBroadcastAsync(settlement.Term, [batch.BatchId], cancellationToken));
                return true;

            case BatchStep.Finish:
                await FinishAsync(batch, head, cancellationToken);
                return true;

            default:
                return false;
        }
    }

    private async Task<(ChainFacts Facts, (StoredBatch Batch, TransactionReceipt Receipt)? Found)> ReadFactsAsync(
        StoredBatch batch,
        long head,
        long mined,
        CancellationToken cancellationToken
    )
    {
        if (batch.State == BatchStates.Mined)
        {
            var block = await settlement.Client.GetBlockAsync(batch.BlockNumber!.Value, cancellationToken);
            return (new ChainFacts(head, batch.BlockNumber, block?.Hash.ToBytes(), KnownToNode: true), null);
        }

        if (batch.Nonce < mined)
        {
            // Any of the nonce's transactions may be the mined one: a replaced one can still win.
            var family = await _store.ReadFamilyAsync(batch.Signer, batch.Nonce, cancellationToken);
            var found = await settlement.Client.GetTransactionReceiptsAsync(
                [.. family.Select(b => new Hash32(b.TransactionHash))],
                cancellationToken
            );
            for (var i = 0; i < family.Count; i++)
            {
                if (found[i] is not { } receipt)
                    continue;
                _missingSince.Remove(batch.BatchId);
                return (new ChainFacts(head, receipt.BlockNumber, null, KnownToNode: true), (family[i], receipt));
            }

            await GiveUpIfNonceIsLostAsync(batch, head, cancellationToken);
            return (new ChainFacts(batch.BroadcastBlock ?? head, null, null, KnownToNode: true), null);
        }

        var known = batch.State == BatchStates.Broadcast && await IsKnownAsync(batch, isNext: batch.Nonce == mined, cancellationToken);
        return (new ChainFacts(head, null, null, known), null);
    }

    /// <summary>
    /// A nonce that is used while none of the batch's transactions has a receipt was used by a foreign transaction signed with the same
    /// key, so the batch will never be mined.
    /// </summary>
    private async Task GiveUpIfNonceIsLostAsync(StoredBatch batch, long head, CancellationToken cancellationToken)
    {
        var since = _missingSince.TryGetValue(batch.BatchId, out var seen) ? seen : _missingSince[batch.BatchId] = head;
        if (head - since < settlement.Options.Confirmations + BlocksUntilNonceIsLost)
            return;
        Log.NonceLost(_logger, batch.Nonce, batch.BatchId);
        _missingSince.Remove(batch.BatchId);
        Publish(
            await _journal.GiveUpAsync(settlement.Term, batch.BatchId, "nonce_taken", hasReverted: false, alone: null, cancellationToken)
        );
    }

    /// <summary>
    /// Asked of Postgres before each send, and never remembered: whatever is sent after an operator's halt was committed would be sent
    /// against it.
    /// </summary>
    private async Task<bool> MaySendAsync(CancellationToken cancellationToken)
    {
        var isHalted = await _journal.IsHaltedAsync(settlement.Term, cancellationToken);
        if (isHalted != settlement.Metrics.IsHaltedByOperator)
        {
            settlement.Metrics.IsHaltedByOperator = isHalted;
            if (isHalted)
                Log.HaltedByOperator(_logger);
            else
                Log.ResumedByOperator(_logger);
        }

        return !isHalted;
    }

    private async Task<bool> SendAsync(StoredBatch batch, bool isNext, CancellationToken cancellationToken)
    {
        if (!await MaySendAsync(cancellationToken))
            return false;
        // Read again instead of the head at the step's begin: after a step of several blocks a new transaction would look stuck.
        var sentAt = await settlement.Client.BlockNumberAsync(cancellationToken);
        try
        {
            await settlement.Client.SendRawTransactionAsync(batch.RawTransaction, cancellationToken);
        }
        catch (RpcException refusal) when (refusal is not RpcUnavailableException)
        {
            if (isNext && SendRefusals.MeansTheFeeIsTooLow(refusal.NodeMessage))
            {
                return await ReplaceAsync(batch, cancellationToken);
            }

            if (
                !SendRefusals.MeansTheNodeHasIt(refusal.NodeMessage)
                && !(isNext && await AnotherTakesItAsync(batch.RawTransaction, cancellationToken))
            )
            {
                if (IsOfCurrentKey(batch))
                    Say($"Batch {batch.BatchId} (nonce {batch.Nonce}) was rejected by the node: {refusal.NodeMessage}");
                else if (_refusedOfFormerKeys.Add(batch.BatchId))
                    Log.FormerRefused(_logger, batch.BatchId, new Address(batch.Signer), refusal.NodeMessage);
                return isNext && await OnRefusalAsync(batch, refusal, sentAt, cancellationToken);
            }
        }

        if (isNext)
            _refusedSince = null;
        if (batch.State == BatchStates.Signed && !batch.IsUpkeep)
            Log.Sent(_logger, batch.BatchId, batch.Trades, batch.Nonce);
        else if (batch.State != BatchStates.Signed)
            Log.SentAgain(_logger, batch.BatchId, batch.Nonce);
        Publish(await _journal.MarkBroadcastAsync(settlement.Term, batch.BatchId, sentAt, cancellationToken));
        return true;
    }

    private async Task<bool> ReplaceAsync(StoredBatch batch, CancellationToken cancellationToken)
    {
        if (!await MaySendAsync(cancellationToken))
            return false;
        var cap = await CapAsync(cancellationToken);
        if (FeeRules.Bump(batch.Fee, await SuggestFeeAsync(cap, cancellationToken), cap) is not { } fee)
        {
            var setting = cap == settlement.Options.MaxFee ? "SETTLEMENT_MAX_FEE_GWEI" : "SETTLEMENT_FIRM_MAX_FEE_GWEI";
            Say($"Batch {batch.BatchId} (nonce {batch.Nonce}) is stuck and its fee has reached {setting}.");
            return false;
        }

        var replacement = await SignAgainAsync(batch, fee, cancellationToken);
        Log.Replaced(_logger, batch.BatchId, batch.Nonce, fee.MaxFee);
        settlement.Metrics.Batch("replaced");
        Publish(await _journal.ReplaceAsync(settlement.Term, batch.BatchId, replacement, isSmaller: false, cancellationToken));
        return true;
    }

    private async Task<NewBatch> SignAgainAsync(StoredBatch batch, Fee fee, CancellationToken cancellationToken)
    {
        if (batch.MarketId is not { } market)
            return signer.SignAgain(batch.RawTransaction, batch.Nonce, fee, batch.GasLimit);
        var tradeIds = BatchSigner.TradeIdsOf(batch.RawTransaction);
        return signer.Sign(market, tradeIds, await _store.ReadLegsAsync(tradeIds, cancellationToken), batch.Nonce, fee, batch.GasLimit);
    }

    private async Task RecordMinedAsync(
        StoredBatch live,
        StoredBatch mined,
        TransactionReceipt receipt,
        CancellationToken cancellationToken
    )
    {
        var tradeIds = await _store.ReadTradeIdsAsync(live.BatchId, cancellationToken);
        var legs = await _store.ReadLegsAsync(tradeIds, cancellationToken);
        IReadOnlyList<TradeOutcome> outcomes = receipt.Succeeded
            ? await OutcomesAsync(mined, receipt, tradeIds, legs, cancellationToken)
            : [];
        var trace = await _store.ReadTraceAsync(tradeIds, cancellationToken);
        var facts = new MinedFacts(
            receipt.BlockNumber,
            receipt.BlockHash.ToBytes(),
            receipt.GasUsed,
            receipt.Succeeded ? null : "reverted"
        );
        Publish(await _journal.RecordMinedAsync(settlement.Term, live, mined, facts, outcomes, cancellationToken));
        trace.Settled(mined, facts, outcomes);
        var (failed, leftOut) = (outcomes.Count(o => o.HasFailed), outcomes.Count(o => o.Reason == FailureReasons.LeftOut));
        var heldBack = outcomes.Count(o => o.IsHeld) - leftOut;
        settlement.Metrics.Batch(receipt.Succeeded ? "mined" : "reverted");
        Log.Mined(_logger, mined.BatchId, receipt.BlockNumber, outcomes.Count(o => o.Reason is null), failed, receipt.GasUsed);
        if (heldBack > 0)
            Log.Held(_logger, mined.BatchId, heldBack);
        if (leftOut > 0)
            Log.LeftOut(_logger, mined.BatchId, leftOut);
    }

    /// <summary>
    /// By the bytes that were mined, because the nonce may have had others: what they leave out has not failed, and waits as what a paused
    /// market refused.
    /// </summary>
    private async Task<IReadOnlyList<TradeOutcome>> OutcomesAsync(
        StoredBatch mined,
        TransactionReceipt receipt,
        IReadOnlyList<long> tradeIds,
        ILookup<long, TradeLeg> legs,
        CancellationToken cancellationToken
    )
    {
        var sent = BatchSigner.TradeIdsOf(mined.RawTransaction).ToHashSet();
        var leftOut = tradeIds.Where(id => !sent.Contains(id)).Select(id => new TradeOutcome(id, FailureReasons.LeftOut, IsHeld: true));
        return mined.MarketId is { } market
            ? [.. await receipts.ReadAsync(receipt, market, [.. tradeIds.Where(sent.Contains)], legs, cancellationToken), .. leftOut]
            : [.. leftOut];
    }

    private async Task FinishAsync(StoredBatch batch, long head, CancellationToken cancellationToken)
    {
        if (batch.Error is null)
        {
            Publish(await _journal.FinishAsync(settlement.Term, batch.BatchId, cancellationToken));
            return;
        }

        Log.Reverted(_logger, batch.BatchId, batch.Trades);
        // Without the role every batch reverts, whatever is in it.
        var alone =
            BatchSigner.TradeIdsOf(batch.RawTransaction) is [var only] && await CouldSettleAsync(batch, head, cancellationToken)
                ? only
                : (long?)null;
        Publish(await _journal.GiveUpAsync(settlement.Term, batch.BatchId, "reverted", hasReverted: true, alone, cancellationToken));
    }

    /// <summary>
    /// The lowest transaction waits for a nonce that none uses (rows lost with an older backup, or a foreign transaction dropped from the
    /// pool), so an empty transaction takes it. It carries no trade, so nothing of it needs to be stored.
    /// </summary>
    private async Task<bool> HealGapAsync(IReadOnlyList<StoredBatch> unfinished, long head, long mined, CancellationToken cancellationToken)
    {
        var lowest = unfinished.FirstOrDefault(b => BatchStates.IsInFlight(b.State));
        if (lowest is null || lowest.Nonce <= mined)
        {
            _gapSince = null;
            return false;
        }

        _gapSince ??= head;
        if (head - _gapSince < settlement.Options.StuckAfterBlocks)
            return false;
        Say($"Nonce {mined} is missing below nonce {lowest.Nonce}; filling it with an empty transaction.");
        _gapSince = head;
        var fee = await SuggestFeeAsync(cancellationToken);
        // The transaction is not stored, so no fenced write would stop a holder that was replaced: this asserts the term.
        if (!await MaySendAsync(cancellationToken))
            return false;
        await settlement.Client.SendTransactionAsync(
            new Eip1559Transaction
            {
                ChainId = settlement.Deployment.ChainId,
                Nonce = mined,
                To = settlement.Key.Key.Address,
                GasLimit = 21_000,
                MaxFeePerGas = fee.MaxFee,
                MaxPriorityFeePerGas = fee.PriorityFee,
            }.Sign(settlement.Key.Key),
            cancellationToken
        );
        return true;
    }

    /// <summary>The trouble stays in the status until it has passed, but is logged once and not at every look.</summary>
    private void Say(string trouble)
    {
        Trouble = trouble;
        if (_said == trouble)
            return;
        _said = trouble;
        Log.Trouble(_logger, trouble);
    }

    private void Publish(IReadOnlyList<TradeChange> changes) => settlement.Publisher.Publish(settlement.Term, changes);

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "An operator has halted settlement: nothing is sent; what is in flight is followed.")]
        public static partial void HaltedByOperator(ILogger logger);

        [LoggerMessage(LogLevel.Information, "An operator has resumed settlement.")]
        public static partial void ResumedByOperator(ILogger logger);

        [LoggerMessage(LogLevel.Information, "The last sign of life is {Seconds} s old; sending another one.")]
        public static partial void Signs(ILogger logger, long seconds);

        [LoggerMessage(LogLevel.Information, "Batch {BatchId} sent: {Trades} trades, nonce {Nonce}.")]
        public static partial void Sent(ILogger logger, long batchId, int trades, long nonce);

        [LoggerMessage(LogLevel.Warning, "Batch {BatchId} (nonce {Nonce}) is missing from the node's pool; sent the same bytes again.")]
        public static partial void SentAgain(ILogger logger, long batchId, long nonce);

        [LoggerMessage(LogLevel.Error, "Settlement is blocked: {Trouble}")]
        public static partial void Trouble(ILogger logger, string trouble);

        [LoggerMessage(
            LogLevel.Information,
            "Batch {BatchId} mined in block {Block}: {Settled} trades settled, {Failed} failed, {Gas} gas used."
        )]
        public static partial void Mined(ILogger logger, long batchId, long block, int settled, int failed, long gas);

        [LoggerMessage(
            LogLevel.Warning,
            "Batch {BatchId} with {Trades} trades reverted as a whole; retrying its trades in smaller batches."
        )]
        public static partial void Reverted(ILogger logger, long batchId, int trades);

        [LoggerMessage(LogLevel.Warning, "Batch {BatchId} (nonce {Nonce}) is stuck; replaced it with a fee of {Fee} wei.")]
        public static partial void Replaced(ILogger logger, long batchId, long nonce, System.Numerics.BigInteger fee);

        [LoggerMessage(LogLevel.Warning, "Block {Block} is no longer canonical; batch {BatchId} is back in state broadcast.")]
        public static partial void Reorganised(ILogger logger, long batchId, long block);

        [LoggerMessage(
            LogLevel.Error,
            "Nonce {Nonce} was used by a foreign transaction; gave up batch {BatchId}, its trades will be settled again."
        )]
        public static partial void NonceLost(ILogger logger, long nonce, long batchId);

        [LoggerMessage(LogLevel.Warning, "Batch {BatchId} of the former key {Signer} was rejected by the node: {Reason}")]
        public static partial void FormerRefused(ILogger logger, long batchId, Address signer, string? reason);

        [LoggerMessage(
            LogLevel.Warning,
            "{Signer} may not settle any more; gave up its batch {BatchId} (nonce {Nonce}), whose trades will be settled again."
        )]
        public static partial void RoleLost(ILogger logger, Address signer, long batchId, long nonce);

        [LoggerMessage(
            LogLevel.Error,
            "{Trades} trades, {TradeId} first, were matched longer ago than an order may live; they are failed and not sent."
        )]
        public static partial void Overdue(ILogger logger, int trades, long tradeId);

        [LoggerMessage(LogLevel.Critical, "Firm trade {TradeId} would fail, which none can: {Reason}. It is not sent; find out why.")]
        public static partial void FirmHeld(ILogger logger, long tradeId, string reason);

        [LoggerMessage(LogLevel.Information, "Market {Market}: its announced decision takes effect; anybody could send this.")]
        public static partial void AppliesDecision(ILogger logger, int market);

        [LoggerMessage(LogLevel.Warning, "Trade {TradeId} failed in simulation and is not sent: {Reason}.")]
        public static partial void PreflightFailed(ILogger logger, long tradeId, string reason);

        [LoggerMessage(
            LogLevel.Warning,
            "Batch {BatchId} met a paused market; {Trades} of its trades wait and will be sent again when it resumes."
        )]
        public static partial void Held(ILogger logger, long batchId, int trades);

        [LoggerMessage(
            LogLevel.Warning,
            "Batch {BatchId} took the place of one that nodes refused; {Trades} trades that it leaves out will be sent in smaller ones."
        )]
        public static partial void LeftOut(ILogger logger, long batchId, int trades);

        [LoggerMessage(
            LogLevel.Warning,
            "Batch {BatchId} (nonce {Nonce}) is refused by every node; replaced it with {Trades} of its trades and a fee of {Fee} wei."
        )]
        public static partial void Refused(ILogger logger, long batchId, long nonce, int trades, System.Numerics.BigInteger fee);
    }
}
