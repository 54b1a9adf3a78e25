using Foresight.Chain;
using Foresight.Matching.Engine;
using Foresight.Matching.Journal;
using Foresight.Matching.Orders;
using Foresight.Protocol;

namespace Foresight.Matching.Sequencing;

internal sealed class BatchBuilder(MatchingState state, JournalBatch batch, long epoch, TimeProvider clock)
{
    private readonly DepthChanges _depth = new();
    private readonly Dictionary<MarketId, List<TradeView>> _trades = [];
    private readonly HashSet<OrderId> _newOrders = [];
    private readonly Dictionary<OrderId, LiveOrder> _changedOrders = [];
    private readonly HashSet<(AccountId, MarketId, byte, Purse)> _touchedBalances = [];
    private readonly Dictionary<(AccountId, MarketId, byte, Purse), long> _observedBlocks = [];
    private bool _snapshotDepth;

    private Command _current;
    private QueuedCommand? _request;
    private LiveOrder? _placed;
    private RejectReason _rejected;
    private TradeExecuted _trade;
    private OrderFilled _taker;
    private bool _isFirm;
    private readonly List<CommandFill> _fills = [];
    private readonly List<string> _cancelled = [];
    private readonly List<LiveOrder> _done = [];

    public JournalBatch Batch => batch;

    public AccountId AccountOf(Address address)
    {
        if (state.Accounts.Find(address) is { } known)
            return known;
        var created = state.Accounts.Create(address);
        batch.Accounts.Add((created, address));
        return created;
    }

    /// <param name="request">The request that carried the command; null if the leader itself made it (an expiry, a new market).</param>
    public void Apply(in Command command, QueuedCommand? request)
    {
        var isAllotment = request?.Command is AllotCollateral;
        var before = isAllotment ? state.Engine.Balance(command.Account, default, Command.CollateralOutcome).Owned : 0;
        (_current, _request, _placed, _rejected) = (command, request, null, RejectReason.None);
        _fills.Clear();
        _cancelled.Clear();
        _done.Clear();

        var events = new EventSink(this);
        state.Engine.Apply(in _current, ref events);

        foreach (var order in _done)
            state.Orders.Remove(order);
        if (request?.Command is PlaceOrder && RejectCodes.KillsOrder(_rejected))
            AddKilledOrder(request);
        if (request?.Command is CancelBySalt)
            Bury(request);
        var result = ResultOf(request?.Command.RequestId ?? RequestIds.OfLeader(state.Engine.Shard, epoch, command.Sequence));
        if (isAllotment && _rejected == RejectReason.None)
            result = result with { Units = command.Amount.Micros - before };
        batch.Commands.Add(new CommandRow(command, result.RequestId, result));
        if (_rejected == RejectReason.None)
            AddRowsOf(command);
        if (request is null)
            return;

        batch.ByRequest[result.RequestId] = new StoredCommand(command.Kind, result);
        if (request.Trace is { } trace)
            trace.Sequence = command.Sequence;
        if (_rejected == RejectReason.None && command.Kind == CommandKind.ObserveBalance)
            _observedBlocks[(command.Account, command.Market, command.Outcome, PurseOf(command))] = command.Block;
        Answer(request, result);
    }

    private void AddRowsOf(in Command command)
    {
        if (command.Kind == CommandKind.ListMarket)
            batch.ListedMarkets.Add((command.Market, command.Sequence));
        else if (command.Kind == CommandKind.GrantWithdrawal)
            batch.GrantedWithdrawals.Add(command);
        else if (command.Kind is CommandKind.PayWithdrawal or CommandKind.LapseWithdrawal)
            batch.EndedWithdrawals.Add(command);
    }

    public void Answer(QueuedCommand request, CommandResult result)
    {
        batch.Answers.Add((request, result));
        if (request.Trace is { } trace)
            (batch.Trace ??= new BatchTrace(clock)).Add(request, trace, result);
    }

    /// <summary>A request that is refused before it is sequenced has no sequence, because it leaves no row in the journal.</summary>
    public CommandResult Refusal(QueuedCommand request, string code, ResultStatus status = ResultStatus.Rejected) =>
        new(request.Command.RequestId, status, code, epoch) { OrderHash = HashOf(request) };

    /// <summary>The position of the first cancel of this salt, because nothing more is done.</summary>
    public CommandResult Repetition(QueuedCommand request, Tombstone first) =>
        new(request.Command.RequestId, ResultStatus.Duplicate, Code: null, first.Epoch, first.Sequence);

    public void SnapshotDepth() => _snapshotDepth = true;

    public void AddStatistics(Market market, long unixSeconds)
    {
        market.Stats.Changed = false;
        var (lots, notional, count) = market.Stats.Sum(unixSeconds);
        batch.Stats.Add(
            new StatsMessage(
                market.Id.Value,
                epoch,
                state.Engine.Sequence,
                new MarketStats(
                    market.Id.Value,
                    market.Stats.LastPriceTicks is { } last ? Decimals.Price(last) : null,
                    Decimals.Shares(lots),
                    Decimals.Usdc(notional),
                    count,
                    Best(market, Side.Buy),
                    Best(market, Side.Sell)
                )
            )
        );
    }

    /// <summary>Must run before the next batch changes the state that these rows are completed with.</summary>
    public void Finish()
    {
        var engine = state.Engine;
        batch.LastSequence = engine.Sequence;
        // Copied, because the next batch may change these orders while this one is being committed.
        for (var i = 0; i < batch.NewOrders.Count; i++)
            batch.NewOrders[i] = (batch.NewOrders[i].Order.Copy(), batch.NewOrders[i].Request);
        batch.ChangedOrders.AddRange(_changedOrders.Values.Select(order => order.Copy()));
        foreach (var touched in _touchedBalances)
        {
            var (account, market, outcome, purse) = touched;
            batch.Balances.Add(
                new BalanceRow(
                    account,
                    market,
                    outcome,
                    purse,
                    engine.Balance(account, market, outcome, purse),
                    _observedBlocks.GetValueOrDefault(touched)
                )
            );
        }

        foreach (var (market, views) in _trades)
            batch.TradeMessages.Add(new TradesMessage(market.Value, epoch, batch.LastSequence, Previous: 0, views));
        if (_snapshotDepth)
            batch.Depth.AddRange(
                state
                    .Markets.Values.Where(market => engine.HasMarket(market.Id))
                    .Select(market => new DepthMessage(
                        market.Id.Value,
                        epoch,
                        batch.LastSequence,
                        Previous: 0,
                        Snapshot: true,
                        DepthChanges.WholeBook(engine, market)
                    ))
            );
        else
            batch.Depth.AddRange(
                _depth
                    .Read(engine, state.Markets)
                    .Select(changes => new DepthMessage(
                        changes.Market.Value,
                        epoch,
                        batch.LastSequence,
                        Previous: 0,
                        Snapshot: false,
                        changes.Levels
                    ))
            );
    }

    private static Purse PurseOf(in Command observation) => observation.Purse == PurseChoice.Vault ? Purse.Vault : Purse.Wallet;

    private void OnAccepted(OrderId id, Purse purse, in Command placed)
    {
        // Only a signed order of a request is ever placed, so there is one here.
        _placed = NewOrder(id, purse, placed, _request!);
        state.Orders.Add(_placed);
        _newOrders.Add(id);
        AddOrder(_placed, _request!);
        _depth.Touch(_placed);
        AddUpdate(_placed, "accepted");
    }

    /// <summary>Its row makes the hash of a killed order dead for ever. The order never was in the engine.</summary>
    private void AddKilledOrder(QueuedCommand request)
    {
        var order = NewOrder(state.Engine.OrderIdOf(_current.Sequence), Purse.Wallet, _current, request);
        (order.Status, order.Reason) = (OrderStatus.Rejected, RejectCodes.Of(_rejected));
        AddOrder(order, request);
    }

    private static LiveOrder NewOrder(OrderId id, Purse purse, in Command placed, QueuedCommand request) =>
        new()
        {
            Id = id,
            Hash = request.OrderHash,
            Account = placed.Account,
            Owner = request.Account,
            Market = placed.Market,
            Outcome = placed.Outcome,
            Side = placed.Side,
            Purse = purse,
            Price = placed.Price,
            Lots = placed.Quantity.Lots,
            SignedExpiry = ((PlaceOrder)request.Command).ExpirySeconds,
            UpdatedSequence = placed.Sequence,
        };

    private void AddOrder(LiveOrder order, QueuedCommand request)
    {
        var placed = (PlaceOrder)request.Command;
        batch.NewOrders.Add((order, request));
        batch.OrderTerms.Add(order.Hash, OrderTerms.Of(placed));
        if (placed.IdempotencyKey is { } key)
            batch.IdempotencyKeys[(request.Account, key)] = order.Hash;
    }

    /// <summary>
    /// A cancel that met no order counts as done, since the sequencer lets only those through that are remembered: the order that it has
    /// overtaken is refused when it comes.
    /// </summary>
    private void Bury(QueuedCommand cancel)
    {
        var metOrder = _rejected == RejectReason.None;
        batch.Tombstones[new(_current.Market, cancel.Account, _current.SaltTag)] = new Tombstone(
            epoch,
            _current.Sequence,
            metOrder,
            _current.ExpiresAtSeconds
        );
        if (!metOrder)
            batch.EarlyCancels[cancel.Account] = batch.EarlyCancels.GetValueOrDefault(cancel.Account) + 1;
        _rejected = RejectReason.None;
    }

    private void OnFilled(in OrderFilled e)
    {
        var order = Live(e.Order);
        order.FilledLots += e.Quantity.Lots;
        order.Status = e.Remaining.Lots == 0 ? OrderStatus.Filled : OrderStatus.PartiallyFilled;
        Changed(order);
        if (!order.IsLive)
            _done.Add(order);

        batch.Fills.Add(
            new FillRow(
                e.Trade,
                e.Leg,
                e.Order,
                e.Account,
                e.Outcome,
                e.Side == Side.Buy,
                e.Price.Ticks,
                e.Quantity.Lots,
                e.IsTaker,
                e.Purse
            )
        );
        if (ReferenceEquals(order, _placed))
            _fills.Add(new CommandFill(e.Trade.Value, e.Price.Ticks, e.Quantity.Lots, e.IsTaker));
        (_taker, _isFirm) = e.IsTaker ? (e, e.Purse == Purse.Vault) : (_taker, _isFirm && e.Purse == Purse.Vault);
        // Only with its last leg it is known whether all are of the vault.
        if (e.Leg == _trade.Legs - 1)
            AddTrade(_taker);
        AddUpdate(
            order,
            "filled",
            new FillView(
                e.Trade.Value,
                Decimals.Price(e.Price.Ticks),
                Decimals.Shares(e.Quantity.Lots),
                e.IsTaker ? "taker" : "maker",
                "matched"
            )
        );
    }

    private void OnCancelled(in OrderCancelled e)
    {
        var order = Live(e.Order);
        order.Status = e.Reason == CancelReason.Expired ? OrderStatus.Expired : OrderStatus.Cancelled;
        order.Reason = RejectCodes.Of(e.Reason);
        if (e.Reason == CancelReason.FilledOnChain)
            order.ReducedLots += e.Remaining.Lots;
        Changed(order);
        _done.Add(order);
        // Orders expire before any command with a later time is applied; the current command is then not the cause of the cancel.
        if (e.Reason != CancelReason.Expired)
            _cancelled.Add(order.Hash.ToString());
        AddUpdate(order, order.StatusName);
    }

    private void OnReplaced(in OrderReplaced e)
    {
        var order = Live(e.Order);
        _depth.Touch(order);
        order.Price = e.Price;
        if (_current.Kind == CommandKind.ReduceOrder)
            order.ReducedLots = order.Lots - order.FilledLots - e.Remaining.Lots;
        Changed(order);
        if (_current.Kind == CommandKind.ReduceOrder)
            AddUpdate(order, "reduced");
    }

    private void OnMarketChanged(in MarketChanged e)
    {
        if (state.Markets.TryGetValue(e.Market, out var market))
            market.State = e.State;
        if (_current.Kind == CommandKind.SetMarketState)
            batch.ChangedMarkets.Add((e.Market, e.State, _current.Outcome));
    }

    private void AddTrade(in OrderFilled taker)
    {
        batch.Trades.Add(
            new TradeRow(
                taker.Trade,
                _trade.Market,
                _trade.Kind,
                _trade.Quantity.Lots,
                taker.Outcome,
                taker.Side == Side.Buy,
                taker.Price.Ticks,
                _current.Sequence,
                _isFirm
            )
        );
        if (!_trades.TryGetValue(_trade.Market, out var views))
            _trades.Add(_trade.Market, views = []);
        views.Add(
            new TradeView(
                taker.Trade.Value,
                _trade.Market.Value,
                _trade.Kind switch
                {
                    TradeKind.Mint => "mint",
                    TradeKind.Merge => "merge",
                    _ => "direct",
                },
                taker.Outcome,
                taker.Side == Side.Buy ? "buy" : "sell",
                Decimals.Price(taker.Price.Ticks),
                Decimals.Shares(_trade.Quantity.Lots),
                new DateTimeOffset(batch.AcceptedAt),
                "matched",
                null,
                null,
                null,
                epoch,
                _current.Sequence,
                _isFirm
            )
        );

        var market = state.Markets[_trade.Market];
        market.Stats.Add(_current.AcceptedAtMicros / 1_000_000, _trade.Quantity.Lots, (taker.Price * _trade.Quantity).Micros);
        if (taker.Outcome == 0)
            market.Stats.LastPriceTicks = taker.Price.Ticks;
        else if (market.Outcomes == 2)
            market.Stats.LastPriceTicks = taker.Price.Complement.Ticks;
    }

    /// <summary>
    /// One statement cannot update a row twice, so the row is scheduled once per batch: an order of this batch is inserted in its final
    /// state, an earlier one is updated.
    /// </summary>
    private void Changed(LiveOrder order)
    {
        _depth.Touch(order);
        order.UpdatedSequence = _current.Sequence;
        if (!_newOrders.Contains(order.Id))
            _changedOrders[order.Id] = order;
    }

    private void AddUpdate(LiveOrder order, string kind, FillView? fill = null) =>
        batch.OrderUpdates.Add(
            new OrderUpdate(
                order.Owner.ToLowerHex(),
                order.Hash.ToString(),
                order.Market.Value,
                kind,
                order.StatusName,
                Decimals.Shares(order.FilledLots),
                Decimals.Shares(order.RemainingLots),
                fill,
                order.Reason,
                epoch,
                _current.Sequence
            )
        );

    private CommandResult ResultOf(Guid requestId)
    {
        if (_rejected != RejectReason.None)
            return new CommandResult(requestId, ResultStatus.Rejected, RejectCodes.Of(_rejected), epoch, _current.Sequence)
            {
                OrderHash = HashOf(_request),
                OrderStatus = _current.Kind == CommandKind.PlaceOrder && RejectCodes.KillsOrder(_rejected) ? "rejected" : null,
            };
        var accepted = new CommandResult(requestId, ResultStatus.Accepted, Code: null, epoch, _current.Sequence);
        if (_placed is null)
            return accepted with { Cancelled = _cancelled.Count > 0 ? [.. _cancelled] : null };
        return accepted with
        {
            OrderStatus = _placed.StatusName,
            FilledLots = _placed.FilledLots,
            RemainingLots = _placed.RemainingLots,
            Fills = [.. _fills],
            OrderHash = _placed.Hash.ToString(),
        };
    }

    private static string? HashOf(QueuedCommand? request) => request?.Command is PlaceOrder ? request.OrderHash.ToString() : null;

    /// <summary>
    /// The order may already have left the books, because the engine reports events of an order after the same command removed it.
    /// </summary>
    private LiveOrder Live(OrderId id) =>
        state.Orders.Find(id) ?? throw new InvalidOperationException($"The engine reported order {id.Value}, which is not a live order.");

    private string? Best(Market market, Side side)
    {
        Span<DepthLevel> level = stackalloc DepthLevel[1];
        return state.Engine.Depth(market.Id, 0, side, level) == 1 ? Decimals.Price(level[0].Price.Ticks) : null;
    }

    /// <summary>A struct, because the engine's generic methods are then compiled for it and call it without dispatch.</summary>
    private readonly struct EventSink(BatchBuilder builder) : IExchangeEvents
    {
        public void OnAccepted(OrderId order, Purse purse, in Command placed) => builder.OnAccepted(order, purse, placed);

        public void OnRejected(in CommandRejected e) => builder._rejected = e.Reason;

        public void OnTrade(in TradeExecuted e) => builder._trade = e;

        public void OnFilled(in OrderFilled e) => builder.OnFilled(e);

        public void OnCancelled(in OrderCancelled e) => builder.OnCancelled(e);

        public void OnReplaced(in OrderReplaced e) => builder.OnReplaced(e);

        public void OnMarketChanged(in MarketChanged e) => builder.OnMarketChanged(e);

        public void OnTradeClosed(in TradeClosed e) =>
            builder.Batch.ClosedTrades.Add((e.Trade, e.Settled, (builder._request?.Command as BustTrade)?.Reason));

        public void OnBalanceTouched(AccountId account, MarketId market, byte outcome, Purse purse) =>
            builder._touchedBalances.Add((account, outcome == Command.CollateralOutcome ? default : market, outcome, purse));
    }
}
