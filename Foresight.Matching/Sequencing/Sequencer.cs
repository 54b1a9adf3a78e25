using Foresight.Matching.Engine;
using Foresight.Matching.Journal;
using Foresight.Matching.Orders;
using Foresight.Protocol;

namespace Foresight.Matching.Sequencing;

internal sealed record MatchingState(ExchangeEngine Engine, Accounts Accounts, LiveOrders Orders, Dictionary<MarketId, Market> Markets);

/// <summary>
/// Decides which commands are sequenced and in which order, and translates each for the engine. Does no I/O and belongs to the matching
/// loop. A commit or a command that fails leaves it ahead of the journal, so it is then dropped together with its state.
/// </summary>
/// <param name="failed">Quarantined requests, each refused up to a moment of the database's clock, because it made an engine throw.</param>
internal sealed class Sequencer(MatchingState state, IReadOnlyDictionary<Guid, DateTime> failed, long lastAcceptedAtMicros)
{
    private readonly ExchangeEngine _engine = state.Engine;

    /// <summary>The batch whose commit is under way; a look-up may not find its rows yet.</summary>
    private JournalBatch? _previous;

    private long _acceptedAtMicros = lastAcceptedAtMicros;
    private DateTime _timersRanAt;

    public ExchangeEngine Engine => _engine;
    public LiveOrders Orders => state.Orders;
    public Dictionary<MarketId, Market> Markets => state.Markets;
    public long Sequence => _engine.Sequence;

    public string StateHash => Format(_engine.StateHash());

    /// <summary>Formats a state hash as it is stored and compared: 16 hex digits.</summary>
    public static string Format(ulong stateHash) => stateHash.ToString("x16");

    /// <summary>
    /// Sequences and matches a batch. From here on memory is ahead of the journal, by this batch and at most the one before.
    /// </summary>
    /// <exception cref="CommandFailedException">A request could not be applied; this sequencer must not be used any more.</exception>
    public JournalBatch Match(
        IReadOnlyList<WorkItem> items,
        LookupResult known,
        IReadOnlyList<Market> newMarkets,
        long epoch,
        TimeProvider clock
    )
    {
        // The database's clock, but never backwards: the clock of a promoted database may be behind the last stamp in the journal, and a
        // replay requires ascending stamps.
        _acceptedAtMicros = Math.Max(_acceptedAtMicros, MicrosOf(known.Now));
        var batch = new JournalBatch { AcceptedAt = DateTimeOf(_acceptedAtMicros), SeenLsn = known.Lsn };
        var builder = new BatchBuilder(state, batch, epoch, clock);
        foreach (var (id, address) in known.Accounts.Where(account => state.Accounts.Find(account.Address) is null))
            state.Accounts.Add(id, address);

        foreach (var market in newMarkets.Where(market => !_engine.HasMarket(market.Id)))
            List(market, builder);
        if (known.Now - _timersRanAt >= MatchingLimits.TickInterval)
            RunTimers(known.Now, builder);
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
    /// True if the command may be quarantined. One that is already quarantined is not applied, so if it throws again the command is not the
    /// cause, and the term ends.
    /// </summary>
    private bool MayQuarantine(QueuedCommand request, DateTime now) =>
        failed.Count < MatchingLimits.FailedCommands && !IsQuarantined(request, now);

    private bool IsQuarantined(QueuedCommand request, DateTime now) =>
        failed.TryGetValue(request.Command.RequestId, out var until) && now < until;

    private void Handle(QueuedCommand request, LookupResult known, BatchBuilder builder, TimeProvider clock)
    {
        if (Earlier(request.Command.RequestId, known, builder.Batch) is { } earlier)
        {
            // The request id of an order with an idempotency key derives from the key, so another order under the same key carries the same
            // id.
            var isOther =
                request.Command is PlaceOrder && earlier.OrderHash is not null && earlier.OrderHash != request.OrderHash.ToString();
            builder.Answer(request, isOther ? builder.Refusal(request, ProblemCodes.IdempotencyKeyReused) : earlier);
        }
        else if (IsQuarantined(request, known.Now))
            builder.Answer(request, builder.Refusal(request, ProblemCodes.CommandFailed) with { Sequence = 0 });
        else if (clock.GetTimestamp() > request.Deadline)
            builder.Answer(request, builder.Refusal(request, ProblemCodes.Unavailable, ResultStatus.Late));
        else if (request.Command is PlaceOrder order && RefusalOf(order, request, known, builder) is { } refusal)
            builder.Answer(request, refusal);
        else if (Translate(request, builder) is { } command)
            Apply(command, builder, request);
        else
            builder.Answer(request, builder.Refusal(request, ProblemCodes.UnknownOrder));
    }

    private CommandResult? Earlier(Guid requestId, LookupResult known, JournalBatch current) =>
        known.Requests.GetValueOrDefault(requestId)
        ?? _previous?.ByRequest.GetValueOrDefault(requestId)
        ?? current.ByRequest.GetValueOrDefault(requestId);

    private CommandResult? RefusalOf(PlaceOrder order, QueuedCommand request, LookupResult known, BatchBuilder builder)
    {
        var hash = request.OrderHash;
        if (
            known.Orders.Contains(hash)
            || _previous?.OrderHashes.ContainsKey(hash) == true
            || builder.Batch.OrderHashes.ContainsKey(hash)
            || state.Orders.Find(hash) is not null
        )
            return builder.Refusal(request, ProblemCodes.DuplicateOrder, ResultStatus.Duplicate);

        if (known.DeadOrders.TryGetValue(hash, out var dead))
            return builder.Refusal(request, dead);
        if (order.IdempotencyKey is not { } text)
            return null;
        var key = (request.Account, text);
        return
            known.IdempotencyKeys.ContainsKey(key)
            || _previous?.IdempotencyKeys.ContainsKey(key) == true
            || builder.Batch.IdempotencyKeys.ContainsKey(key)
            ? builder.Refusal(request, ProblemCodes.IdempotencyKeyReused)
            : null;
    }

    private void Apply(Command command, BatchBuilder builder, QueuedCommand? request = null) =>
        builder.Apply(command with { Sequence = Sequence + 1, AcceptedAtMicros = _acceptedAtMicros }, request);

    private Command? Translate(QueuedCommand request, BatchBuilder builder) =>
        request.Command switch
        {
            PlaceOrder order => new Command
            {
                Kind = CommandKind.PlaceOrder,
                Market = new(order.MarketId),
                Account = builder.AccountOf(request.Account),
                Outcome = (byte)order.Outcome,
                Side = order.IsBuy ? Side.Buy : Side.Sell,
                Price = new(order.PriceTicks),
                Quantity = new(order.Lots),
                TimeInForce = (TimeInForce)order.TimeInForce,
                PostOnly = order.PostOnly,
                SelfTradePrevention = (SelfTradePrevention)order.SelfTradePrevention,
                ExpiresAtSeconds = order.ExpirySeconds,
                SaltTag = request.SaltTag,
            },
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
                }
                : null,
            SettleTrade settle => new Command
            {
                Kind = CommandKind.SettleTrade,
                Trade = new(settle.TradeId),
                Block = settle.Block,
            },
            BustTrade bust => new Command
            {
                Kind = CommandKind.BustTrade,
                Trade = new(bust.TradeId),
                Block = bust.Block,
            },
            AllotCollateral allot => Allot(allot, builder.AccountOf(request.Account)),
            ObserveBalance observe => Observe(observe, builder.AccountOf(request.Account)),
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

    /// <summary>
    /// Computes the size that may stay open: the order's size less the lots matched here and those filled directly on chain. The latter are
    /// counted from the order's beginning, so the result depends neither on how often the observation arrives nor on matches since the
    /// chain was read.
    /// </summary>
    private static Quantity MostOpen(LiveOrder order, long filledDirectly) =>
        new(Math.Max(0, order.Lots - order.FilledLots - Math.Min(filledDirectly, order.Lots)));

    /// <summary>
    /// Changes the collateral allotted to this shard by the given difference; for the engine it is an observation like any other. An
    /// unforced decrease takes at most what no order or trade holds, so that no order is cancelled for money that merely moves to another
    /// shard.
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

    private static Command Observe(ObserveBalance observed, AccountId account)
    {
        var isCollateral = observed.Outcome == Command.CollateralOutcome;
        return new Command
        {
            Kind = CommandKind.ObserveBalance,
            Account = account,
            Market = new(isCollateral ? 0 : observed.MarketId),
            Outcome = (byte)observed.Outcome,
            Amount = new(isCollateral ? observed.Units : 0),
            Quantity = new(isCollateral ? 0 : observed.Units),
            Block = observed.Block,
        };
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
    /// Turns expiries and closing times that have come into commands: in the engine time passes only by commands, which a replay repeats.
    /// </summary>
    private void RunTimers(DateTime now, BatchBuilder builder)
    {
        _timersRanAt = now;
        var seconds = _acceptedAtMicros / 1_000_000;
        if (state.Orders.TakeDue(seconds))
            Apply(new Command { Kind = CommandKind.ExpireOrders }, builder);
        foreach (var market in Markets.Values)
        {
            if (market.State is MarketState.Open or MarketState.Paused && market.ClosesAt <= seconds && _engine.HasMarket(market.Id))
                Apply(
                    new Command
                    {
                        Kind = CommandKind.SetMarketState,
                        Market = market.Id,
                        State = MarketState.Closed,
                    },
                    builder
                );
            if (market.Stats.Changed)
                builder.AddStatistics(market, seconds);
        }
    }

    private static long MicrosOf(DateTime time) => (time - DateTime.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;

    private static DateTime DateTimeOf(long micros) => DateTime.UnixEpoch.AddTicks(micros * TimeSpan.TicksPerMicrosecond);
}
