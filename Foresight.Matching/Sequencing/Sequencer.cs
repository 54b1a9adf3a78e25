using Foresight.Chain;
using Foresight.Matching.Engine;
using Foresight.Matching.Journal;
using Foresight.Matching.Orders;
using Foresight.Protocol;

namespace Foresight.Matching.Sequencing;

internal sealed record MatchingState(ExchangeEngine Engine, Accounts Accounts, LiveOrders Orders, Dictionary<MarketId, Market> Markets);

/// <summary>
/// A commit or a command that fails leaves it ahead of the journal, so it is then dropped together with its state. Does no I/O; only the
/// matching loop may call it.
/// </summary>
/// <param name="failed">Quarantined requests, each refused up to a moment of the database's clock, because it made an engine throw.</param>
internal sealed class Sequencer(MatchingState state, IReadOnlyDictionary<Guid, DateTime> failed, long lastAcceptedAtMicros)
{
    private readonly ExchangeEngine _engine = state.Engine;

    /// <summary>The batch whose commit is under way; a look-up may not find its rows yet.</summary>
    private JournalBatch? _previous;

    private readonly JournalTime _time = new(lastAcceptedAtMicros);
    private long _timersRanAt;

    public ExchangeEngine Engine => _engine;
    public LiveOrders Orders => state.Orders;
    public Dictionary<MarketId, Market> Markets => state.Markets;
    public long Sequence => _engine.Sequence;

    public JournalTime Time => _time;

    private long NowSeconds => _time.Seconds;

    public string StateHash => Format(_engine.StateHash());

    /// <summary>Must not change, because stored snapshots are compared by it: 16 hex digits.</summary>
    public static string Format(ulong stateHash) => stateHash.ToString("x16");

    /// <summary>
    /// From here on memory is ahead of the journal, by this batch and at most the one before, so a failure requires a rebuild.
    /// </summary>
    /// <exception cref="CommandFailedException">A request could not be applied; this sequencer must not be used any more.</exception>
    public JournalBatch Match(
        IReadOnlyList<WorkItem> items,
        LookupResult known,
        IReadOnlyList<Market> changing,
        long epoch,
        TimeProvider clock
    )
    {
        _time.Observe(ReadingsOf(known, clock));
        var batch = new JournalBatch { AcceptedAt = _time.Stamp, SeenLsn = known.Lsn };
        var builder = new BatchBuilder(state, batch, epoch, clock);
        foreach (var (id, address) in known.Accounts.Where(account => state.Accounts.Find(account.Address) is null))
            state.Accounts.Add(id, address);

        foreach (var market in changing)
            Change(market, builder);
        if (!_time.IsDoubted && clock.GetElapsedTime(_timersRanAt) >= MatchingLimits.TickInterval)
            RunTimers(clock.GetTimestamp(), builder);
        foreach (var item in items)
        {
            if (item is QueuedCommand request)
                HandleOrFail(request, known, builder, clock);
            else if (item is DepthRequest)
                builder.SnapshotDepth();
        }

        builder.Finish();
        _previous = batch;
        return batch;
    }

    private void HandleOrFail(QueuedCommand request, LookupResult known, BatchBuilder builder, TimeProvider clock)
    {
        try
        {
            request.Trace?.Begin(clock);
            Handle(request, known, builder, clock);
            request.Trace?.End(clock);
        }
        catch (Exception error) when (error is not OutOfMemoryException && MayQuarantine(request, known.Now))
        {
            throw new CommandFailedException(request, known.Now, error);
        }
    }

    /// <summary>
    /// A command that is already quarantined is not applied, so if it throws again it is not the cause, and the term ends. It also ends
    /// with too many quarantined commands, because then they are hardly the cause.
    /// </summary>
    private bool MayQuarantine(QueuedCommand request, DateTime now) =>
        failed.Count < MatchingLimits.FailedCommands && !IsQuarantined(request, now);

    private bool IsQuarantined(QueuedCommand request, DateTime now) =>
        failed.TryGetValue(request.Command.RequestId, out var until) && now < until;

    private void Handle(QueuedCommand request, LookupResult known, BatchBuilder builder, TimeProvider clock)
    {
        if (OtherTerms(request, known, builder) is { } otherTerms)
            builder.Answer(request, otherTerms);
        else if (Earlier(request, known, builder.Batch) is { } earlier)
            builder.Answer(request, AnswerTo(request, earlier) ?? builder.Refusal(request, ProblemCodes.IdempotencyKeyReused));
        else if (IsQuarantined(request, known.Now))
            builder.Answer(request, builder.Refusal(request, ProblemCodes.CommandFailed));
        else if (clock.GetTimestamp() > request.Deadline)
            builder.Answer(request, builder.Refusal(request, ProblemCodes.Unavailable, ResultStatus.Late));
        // Whether it has expired, or would meet orders that have, cannot be judged; a cancel needs no time.
        else if (request.Command is PlaceOrder && _time.IsDoubted)
            builder.Answer(request, builder.Refusal(request, ProblemCodes.Unavailable, ResultStatus.Late));
        else if (request is { Command: CancelBySalt, SigningKey: { } key } && known.KeysNotInForce.Contains((request.Account, key)))
            builder.Answer(request, builder.Refusal(request, ProblemCodes.SigningKeyNotInForce));
        else if (request.Command is CancelBySalt && TombstoneOf(request, known, builder) is { } repeated)
            builder.Answer(request, builder.Repetition(request, repeated));
        else if (request.Command is PlaceOrder order && RefusalOf(order, request, known, builder) is { } refusal)
            builder.Answer(request, refusal);
        else if (request.Command is GrantWithdrawal withdrawal && RefusalOf(withdrawal, request, builder) is { } notGranted)
            builder.Answer(request, notGranted);
        else if (request.Command is CancelBySalt && EarlyRefusalOf(request, known, builder) is { } early)
            builder.Answer(request, builder.Refusal(request, early));
        else if (Translate(request, known.OrderLife, builder) is { } command)
            Apply(command, builder, request);
        else
            builder.Answer(request, builder.Refusal(request, ProblemCodes.UnknownOrder));
    }

    private StoredCommand? Earlier(QueuedCommand request, LookupResult known, JournalBatch current)
    {
        if (Find(request.Command.RequestId) is { } stored)
            return stored;
        // Under the key's other id there may also stand what was stored before ids were checked.
        return request.OtherId is { } id && Find(id) is { Kind: CommandKind.PlaceOrder } other ? other : null;

        StoredCommand? Find(Guid id) =>
            known.Requests.TryGetValue(id, out var found)
            || _previous?.ByRequest.TryGetValue(id, out found) == true
            || current.ByRequest.TryGetValue(id, out found)
                ? found
                : null;
    }

    /// <summary>
    /// Null if the stored result is of something else: a command of another kind, or another order, which under the same idempotency key
    /// has the same id.
    /// </summary>
    private static CommandResult? AnswerTo(QueuedCommand request, StoredCommand earlier) =>
        earlier.Kind == request.Kind && (request.Command is not PlaceOrder || earlier.Result.OrderHash == request.OrderHash.ToString())
            ? earlier.Result with
            {
                RequestId = request.Command.RequestId,
            }
            : null;

    /// <summary>
    /// Checked before the request's own earlier result: under an idempotency key the request id does not identify the terms.
    /// </summary>
    private CommandResult? OtherTerms(QueuedCommand request, LookupResult known, BatchBuilder builder)
    {
        if (request.Command is not PlaceOrder order || BoundTerms(request.OrderHash, known, builder) is not { } bound)
            return null;
        var differences = OrderTerms.Of(order).DifferencesFrom(bound);
        return differences.Count == 0
            ? null
            : builder.Refusal(request, ProblemCodes.OrderTermsDiffer, ResultStatus.Duplicate) with
            {
                Differences = differences,
            };
    }

    private OrderTerms? BoundTerms(Hash32 hash, LookupResult known, BatchBuilder builder) =>
        known.Orders.TryGetValue(hash, out var terms)
        || builder.Batch.OrderTerms.TryGetValue(hash, out terms)
        || _previous?.OrderTerms.TryGetValue(hash, out terms) == true
            ? terms
            : null;

    private CommandResult? RefusalOf(PlaceOrder order, QueuedCommand request, LookupResult known, BatchBuilder builder)
    {
        var hash = request.OrderHash;
        if (BoundTerms(hash, known, builder) is not null || state.Orders.Find(hash) is not null)
            return builder.Refusal(request, ProblemCodes.DuplicateOrder, ResultStatus.Duplicate);

        if (known.DeadOrders.TryGetValue(hash, out var dead))
            return builder.Refusal(request, dead);
        if (known.OrderLife.RefusalOf(order.ExpirySeconds, NowSeconds) is { } tooLong)
            return builder.Refusal(request, tooLong);
        if (TombstoneOf(request, known, builder) is not null)
            return builder.Refusal(request, ProblemCodes.SaltCancelled);
        if (order.IdempotencyKey is { } text && IsUsed((request.Account, text), known, builder))
            return builder.Refusal(request, ProblemCodes.IdempotencyKeyReused);
        var refused = WithoutTheBook(order, request, known.OrderLife, builder);
        // An account without an id owns nothing in any shard.
        var isDemand =
            refused == RejectReason.InsufficientBalance
            && order.IsBuy
            && known.HasOtherShards
            && state.Accounts.Find(request.Account) is not null;
        return refused == RejectReason.None || isDemand ? null : builder.Refusal(request, RejectCodes.Of(refused));
    }

    /// <summary>Like an order that the account's funds do not cover, one that is refused leaves no trace.</summary>
    private CommandResult? RefusalOf(GrantWithdrawal grant, QueuedCommand request, BatchBuilder builder)
    {
        if (grant.DeadlineSeconds - NowSeconds is < MatchingLimits.LeastWithdrawalSeconds or > MatchingLimits.MostWithdrawalSeconds)
            return builder.Refusal(request, ProblemCodes.InvalidDeadline);
        if (state.Accounts.Find(request.Account) is not { } account)
            return builder.Refusal(request, ProblemCodes.InsufficientBalance);
        var refused = _engine.CheckWithdrawal(Grant(grant, account));
        return refused == RejectReason.None ? null : builder.Refusal(request, RejectCodes.Of(refused));
    }

    private bool IsUsed((Address, string) key, LookupResult known, BatchBuilder builder) =>
        known.IdempotencyKeys.ContainsKey(key)
        || _previous?.IdempotencyKeys.ContainsKey(key) == true
        || builder.Batch.IdempotencyKeys.ContainsKey(key);

    /// <summary>
    /// An order refused for its terms, a limit or its account's funds is not sequenced: it leaves no trace, and may be sent again once the
    /// reason has passed. The exception is a known account's buy that lacks collateral while there are other shards, which may have it.
    /// </summary>
    private RejectReason WithoutTheBook(PlaceOrder order, QueuedCommand request, OrderLife life, BatchBuilder builder)
    {
        // An account that was never seen owns nothing, as account 0.
        var account = state.Accounts.Find(request.Account) ?? default;
        var command = PlaceOf(order, request, account, life.EndOf(order.ExpirySeconds, NowSeconds)) with
        {
            AcceptedAtMicros = _time.StampMicros,
        };
        var refused = _engine.CheckPlace(command);
        // What has expired may hold the funds or the place that the order lacks.
        return refused != RejectReason.None && ExpireDue(builder) ? _engine.CheckPlace(command) : refused;
    }

    private static CancelledSalt SaltOf(QueuedCommand request)
    {
        var market = request.Command is PlaceOrder order ? order.MarketId : ((CancelBySalt)request.Command).MarketId;
        return new(new(market), request.Account, request.SaltTag);
    }

    private Tombstone? TombstoneOf(QueuedCommand request, LookupResult known, BatchBuilder builder)
    {
        var salt = SaltOf(request);
        return
            known.Tombstones.TryGetValue(salt, out var tombstone)
            || builder.Batch.Tombstones.TryGetValue(salt, out tombstone)
            || _previous?.Tombstones.TryGetValue(salt, out tombstone) == true
            ? tombstone
            : null;
    }

    /// <summary>
    /// A cancel that meets no order costs its maker nothing, so it is remembered only for an account that owns something, and up to a
    /// limit; beyond that it is not sequenced. Null if it meets an order, or is remembered and orders that it has overtaken are refused.
    /// </summary>
    private string? EarlyRefusalOf(QueuedCommand cancel, LookupResult known, BatchBuilder builder)
    {
        var salt = SaltOf(cancel);
        if (MeetsOrder(salt, builder))
            return null;
        if (!known.Makers.TryGetValue(cancel.Account, out var maker) || !maker.OwnsSomething || !Markets.ContainsKey(salt.Market))
            return ProblemCodes.UnknownOrder;
        var early = maker.Early + builder.Batch.EarlyCancels.GetValueOrDefault(cancel.Account);
        // The batch before is in the count if the look-up saw its commit.
        if (_previous is { } previous && maker.LastEarly < previous.FirstSequence)
            early += previous.EarlyCancels.GetValueOrDefault(cancel.Account);
        return early < MatchingLimits.EarlyCancelsPerAccount ? null : ProblemCodes.CancelOnChain;
    }

    private bool MeetsOrder(CancelledSalt salt, BatchBuilder builder)
    {
        if (state.Accounts.Find(salt.Maker) is not { } account || !_engine.HasOrderOfSalt(account, salt.Market, salt.SaltTag))
            return false;
        // The order may be among those that expire before the cancel would be applied.
        return !ExpireDue(builder) || _engine.HasOrderOfSalt(account, salt.Market, salt.SaltTag);
    }

    /// <returns>False if no order was due.</returns>
    private bool ExpireDue(BatchBuilder builder)
    {
        if (!_engine.HasExpiriesDue(_time.StampMicros))
            return false;
        Apply(new Command { Kind = CommandKind.ExpireOrders }, builder);
        return true;
    }

    private void Apply(Command command, BatchBuilder builder, QueuedCommand? request = null) =>
        builder.Apply(command with { Sequence = Sequence + 1, AcceptedAtMicros = _time.StampMicros }, request);

    private Command? Translate(QueuedCommand request, OrderLife life, BatchBuilder builder) =>
        request.Command switch
        {
            PlaceOrder order => PlaceOf(order, request, builder.AccountOf(request.Account), life.EndOf(order.ExpirySeconds, NowSeconds)),
            CancelByHash => state.Orders.Find(request.OrderHash) is { } order && state.Accounts.Find(request.Account) is { } account
                ? new Command
                {
                    Kind = CommandKind.CancelOrder,
                    Account = account,
                    Market = order.Market,
                    Order = order.Id,
                }
                : null,
            ReduceOrder reduce => state.Orders.Find(request.OrderHash) is { } order
                ? new Command
                {
                    Kind = CommandKind.ReduceOrder,
                    Market = order.Market,
                    Order = order.Id,
                    Quantity = MostOpen(order, reduce.FilledLots),
                }
                : null,
            CancelBySalt cancel => state.Accounts.Find(request.Account) is { } account
                ? new Command
                {
                    Kind = CommandKind.CancelBySalt,
                    Account = account,
                    Market = new(cancel.MarketId),
                    SaltTag = request.SaltTag,
                    ExpiresAtSeconds = NowSeconds + (long)MatchingLimits.EarlyCancelsPeriod.TotalSeconds,
                }
                : null,
            SettleTrade settle => new Command
            {
                Kind = CommandKind.SettleTrade,
                Trade = new(settle.TradeId),
                Block = settle.Block,
                ProceedsWait = settle.ProceedsWait,
            },
            BustTrade bust => new Command
            {
                Kind = CommandKind.BustTrade,
                Trade = new(bust.TradeId),
                Block = bust.Block,
            },
            AllotCollateral allot => Allot(allot, builder.AccountOf(request.Account)),
            ObserveBalance observe => Observe(observe, builder.AccountOf(request.Account)),
            SetFirmTerms terms => new Command
            {
                Kind = CommandKind.SetFirmTerms,
                ExpiresAtSeconds = terms.UntilSeconds,
                Quantity = new(terms.Trades),
            },
            GrantWithdrawal grant => state.Accounts.Find(request.Account) is { } account ? Grant(grant, account) : null,
            EndWithdrawal end => state.Accounts.Find(request.Account) is { } account
                ? new Command
                {
                    Kind = end.Block is null ? CommandKind.LapseWithdrawal : CommandKind.PayWithdrawal,
                    Account = account,
                    SaltTag = end.Nonce,
                    Block = end.Block ?? 0,
                }
                : null,
            SetMarketState set => new Command
            {
                Kind = CommandKind.SetMarketState,
                Market = new(set.MarketId),
                State = (MarketState)set.State,
                Outcome = (byte)set.WinningOutcome,
            },
            CancelAllOfMarket cancel => new Command { Kind = CommandKind.CancelAllOfMarket, Market = new(cancel.MarketId) },
            _ => null,
        };

    private static Command PlaceOf(PlaceOrder order, QueuedCommand request, AccountId account, long endsAtSeconds) =>
        new()
        {
            Kind = CommandKind.PlaceOrder,
            Market = new(order.MarketId),
            Account = account,
            Outcome = (byte)order.Outcome,
            Side = order.IsBuy ? Side.Buy : Side.Sell,
            Price = new(order.PriceTicks),
            Quantity = new(order.Lots),
            TimeInForce = (TimeInForce)order.TimeInForce,
            PostOnly = order.PostOnly,
            SelfTradePrevention = (SelfTradePrevention)order.SelfTradePrevention,
            // For a payment from the vault the market asks the registered key and no contract, and for one from the wallet the other way
            // round: such an order could not settle from the other purse (docs/firm-money.md, K1).
            Purse =
                order.SignedByContract ? PurseChoice.Wallet
                : request.SigningKey is not null ? PurseChoice.Vault
                : (PurseChoice)order.Purse,
            FirmOnly = order.FirmOnly && !order.SignedByContract,
            ExpiresAtSeconds = endsAtSeconds,
            SaltTag = request.SaltTag,
        };

    /// <summary>
    /// The lots filled directly on chain are counted from the order's beginning, so the result depends neither on how often the observation
    /// arrives nor on matches since the chain was read.
    /// </summary>
    private static Quantity MostOpen(LiveOrder order, long filledDirectly) =>
        new(Math.Max(0, order.Lots - order.FilledLots - Math.Min(filledDirectly, order.Lots)));

    /// <summary>
    /// An unforced decrease takes at most what no order or trade holds, so that no order is cancelled for money that merely moves to
    /// another shard.
    /// </summary>
    private Command Allot(AllotCollateral allot, AccountId account)
    {
        var holding = _engine.Balance(account, default, Command.CollateralOutcome);
        var change = allot.OnlyFree ? -Math.Min(-allot.Units, Math.Max(0, holding.Available)) : allot.Units;
        return new Command
        {
            Kind = CommandKind.ObserveBalance,
            Account = account,
            Outcome = Command.CollateralOutcome,
            Amount = new(holding.Owned + change),
            Block = allot.Block,
        };
    }

    private static Command Observe(ObserveBalance observed, AccountId account) =>
        OfHolding(CommandKind.ObserveBalance, account, observed.MarketId, observed.Outcome, observed.Units) with
        {
            Block = observed.Block,
            Purse = observed.OfVault ? PurseChoice.Vault : PurseChoice.Either,
        };

    private static Command Grant(GrantWithdrawal grant, AccountId account) =>
        OfHolding(CommandKind.GrantWithdrawal, account, grant.MarketId, grant.Outcome, grant.Units) with
        {
            SaltTag = grant.Nonce,
            ExpiresAtSeconds = grant.DeadlineSeconds,
        };

    private static Command OfHolding(CommandKind kind, AccountId account, int market, int outcome, long units)
    {
        var isCollateral = outcome == Command.CollateralOutcome;
        return new Command
        {
            Kind = kind,
            Account = account,
            Market = new(isCollateral ? 0 : market),
            Outcome = (byte)outcome,
            Amount = new(isCollateral ? units : 0),
            Quantity = new(isCollateral ? 0 : units),
        };
    }

    /// <summary>A market that was read may have been changed by the batch before, whose commit the reading did not see.</summary>
    private void Change(Market market, BatchBuilder builder)
    {
        if (!_engine.HasMarket(market.Id))
            List(market, builder);
        if (market.Wanted is { } wanted && Markets[market.Id].State < wanted)
            Set(market.Id, wanted, builder);
    }

    private void List(Market market, BatchBuilder builder)
    {
        Markets[market.Id] = market;
        Apply(
            new Command
            {
                Kind = CommandKind.ListMarket,
                Market = market.Id,
                Outcomes = market.Outcomes,
                TickSize = market.TickSize,
            },
            builder
        );
    }

    /// <summary>
    /// In the engine time passes only by commands, which a replay repeats, so expiries and closing times become commands too.
    /// </summary>
    private void RunTimers(long now, BatchBuilder builder)
    {
        _timersRanAt = now;
        var seconds = NowSeconds;
        ExpireDue(builder);
        foreach (var market in Markets.Values)
        {
            if (market.State is MarketState.Open or MarketState.Paused && market.ClosesAt <= seconds && _engine.HasMarket(market.Id))
                Set(market.Id, MarketState.Closed, builder);
            if (market.Stats.Changed)
                builder.AddStatistics(market, seconds);
        }
    }

    private void Set(MarketId market, MarketState state, BatchBuilder builder) =>
        Apply(
            new Command
            {
                Kind = CommandKind.SetMarketState,
                Market = market,
                State = state,
            },
            builder
        );

    private static ClockReadings ReadingsOf(LookupResult known, TimeProvider clock) =>
        new(
            known.Now,
            clock.GetUtcNow().UtcDateTime,
            known.OrderLife.BlockTime is { } seconds ? DateTimeOffset.FromUnixTimeSeconds(seconds).UtcDateTime : null,
            clock.GetElapsedTime(0)
        );
}
