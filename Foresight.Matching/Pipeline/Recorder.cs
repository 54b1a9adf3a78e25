using Foresight.Chain;
using Foresight.Contracts;
using Foresight.Exchange;

namespace Foresight.Matching.Pipeline;

/// <summary>Runs the commands of one batch and turns what the engine tells of them into the batch's rows, answers and messages.</summary>
internal sealed class Recorder(Desk desk, JournalBatch batch, long epoch, TimeProvider clock)
{
    private readonly DepthChanges depth = new();
    private readonly Dictionary<MarketId, List<TradeView>> trades = [];
    private readonly Dictionary<OrderId, int> newOrders = [];
    private readonly HashSet<(AccountId, MarketId, byte)> touchedBalances = [];
    private readonly Dictionary<(AccountId, MarketId, byte), long> observedBlocks = [];
    private bool snapshotDepth;

    // The command that is being applied.
    private Command current;
    private Request? request;
    private LiveOrder? placed;
    private RejectReason rejected;
    private TradeExecuted trade;
    private readonly List<DoorFill> fills = [];
    private readonly List<string> cancelled = [];
    private readonly List<LiveOrder> done = [];

    public JournalBatch Batch => batch;

    public AccountId AccountOf(Address address)
    {
        if (desk.Accounts.Find(address) is { } known) return known;
        var created = desk.Accounts.Create(address);
        batch.Accounts.Add((created, address));
        return created;
    }

    /// <summary>Sequences and applies a command, of a request or of the loop's own.</summary>
    public void Run(Command command, Request? of)
    {
        var isAllotment = of?.Command.Kind == DoorCommandKind.AllotCollateral;
        var before = isAllotment ? desk.Engine.Balance(command.Account, default, Command.CollateralOutcome).Owned : 0;
        current = command with { Sequence = desk.Sequence + 1, AcceptedAtMicros = desk.AcceptedAtMicros };
        (request, placed, rejected) = (of, null, RejectReason.None);
        fills.Clear();
        cancelled.Clear();
        done.Clear();

        var events = new EngineEvents(this);
        desk.Engine.Apply(in current, ref events);

        foreach (var order in done) desk.Orders.Remove(order);
        var result = ResultOf(of?.Command.RequestId ?? OwnRequestId.Of(desk.Engine.Shard, epoch, current.Sequence));
        if (isAllotment && rejected == RejectReason.None) result = result with { Units = current.Amount.Micros - before };
        batch.Commands.Add(new CommandRow(current, result.RequestId, result));
        if (current.Kind == CommandKind.ListMarket && rejected == RejectReason.None) batch.ListedMarkets.Add((current.Market, current.Sequence));
        if (of is null) return;

        batch.ByRequest[result.RequestId] = result;
        if (of.Trace is { } trace) trace.Sequence = current.Sequence;
        if (rejected == RejectReason.None && current.Kind == CommandKind.ObserveBalance)
            observedBlocks[(current.Account, current.Market, current.Outcome)] = current.Block;
        Answer(of, result);
    }

    public void Answer(Request of, DoorResult result)
    {
        batch.Answers.Add((of, result));
        if (of.Trace is { } trace) (batch.Trace ??= new BatchTrace(clock)).Add(of, trace, result);
    }

    /// <summary>Refused before it was sequenced.</summary>
    public DoorResult Refusal(Request of, string code, DoorStatus status = DoorStatus.Rejected) =>
        new(of.Command.RequestId, status, code, epoch, desk.Sequence, OrderHash: HashOf(of));

    public void SnapshotDepth() => snapshotDepth = true;

    public void TellStats(Market market, long unixSeconds)
    {
        market.Stats.Changed = false;
        var (lots, notional, count) = market.Stats.Sum(unixSeconds);
        batch.Stats.Add(new StatsMessage(market.Id.Value, epoch, desk.Sequence, new MarketStats(
            market.Id.Value, market.Stats.LastPriceTicks is { } last ? Decimals.Price(last) : null, Decimals.Shares(lots), Decimals.Usdc(notional), count,
            Best(market, Side.Buy), Best(market, Side.Sell))));
    }

    /// <summary>Reads the state that the batch left behind, while it is still this batch's.</summary>
    public void Finish()
    {
        batch.LastSequence = desk.Sequence;
        foreach (var (account, market, outcome) in touchedBalances)
            batch.Balances.Add(new BalanceRow(
                account, market, outcome, desk.Engine.Balance(account, market, outcome), observedBlocks.GetValueOrDefault((account, market, outcome))));
        foreach (var (market, views) in trades)
            batch.TradeMessages.Add(new TradesMessage(market.Value, epoch, batch.LastSequence, Previous: 0, views));
        if (snapshotDepth) batch.Depth.AddRange(desk.Markets.Values.Where(market => desk.Engine.HasMarket(market.Id))
            .Select(market => new DepthMessage(
                market.Id.Value, epoch, batch.LastSequence, Previous: 0, Snapshot: true, DepthChanges.WholeBook(desk.Engine, market))));
        else batch.Depth.AddRange(depth.Read(desk.Engine, desk.Markets)
            .Select(changes => new DepthMessage(changes.Market.Value, epoch, batch.LastSequence, Previous: 0, Snapshot: false, changes.Levels)));
    }

    public void OnAccepted(in OrderAccepted e)
    {
        // Only a signed order of a request is ever placed.
        var order = request!.Command.Order!;
        placed = new LiveOrder
        {
            Id = e.Order, Hash = request.OrderHash, Account = e.Account, Owner = request.Account, Market = e.Market, Outcome = e.Outcome, Side = e.Side,
            Price = e.Price, Lots = e.Quantity.Lots, ExpiresAt = order.ExpirySeconds,
        };
        desk.Orders.Add(placed);
        newOrders.Add(e.Order, batch.NewOrders.Count);
        batch.NewOrders.Add(new NewOrderRow(placed, request, current.Sequence, OrderChange.Of(placed, current.Sequence)));
        batch.OrderHashes.Add(request.OrderHash, request.Command.RequestId);
        if (order.IdempotencyKey is { } key) batch.IdempotencyKeys[(request.Account, key)] = request.OrderHash;
        depth.Touch(placed);
        Tell(placed, "accepted");
    }

    public void OnRejected(in CommandRejected e) => rejected = e.Reason;

    public void OnTrade(in TradeExecuted e) => trade = e;

    public void OnFilled(in OrderFilled e)
    {
        var order = Live(e.Order);
        order.FilledLots += e.Quantity.Lots;
        order.Status = e.Remaining.Lots == 0 ? OrderStatus.Filled : OrderStatus.PartiallyFilled;
        Changed(order);
        if (!order.IsLive) done.Add(order);

        batch.Fills.Add(new FillRow(e.Trade, e.Leg, e.Order, e.Account, e.Outcome, e.Side == Side.Buy, e.Price.Ticks, e.Quantity.Lots, e.IsTaker));
        if (ReferenceEquals(order, placed)) fills.Add(new DoorFill(e.Trade.Value, e.Price.Ticks, e.Quantity.Lots, e.IsTaker));
        if (e.IsTaker) AddTrade(e);
        Tell(order, "filled", new FillView(
            e.Trade.Value, Decimals.Price(e.Price.Ticks), Decimals.Shares(e.Quantity.Lots), e.IsTaker ? "taker" : "maker", "matched"));
    }

    public void OnCancelled(in OrderCancelled e)
    {
        var order = Live(e.Order);
        order.Status = e.Reason == CancelReason.Expired ? OrderStatus.Expired : OrderStatus.Cancelled;
        order.Reason = RejectCodes.Of(e.Reason);
        if (e.Reason == CancelReason.FilledOnChain) order.ReducedLots += e.Remaining.Lots;
        Changed(order);
        done.Add(order);
        // Orders expire before any command that comes after their time; the command did not cancel them.
        if (e.Reason != CancelReason.Expired) cancelled.Add(order.Hash.ToString());
        Tell(order, order.StatusName);
    }

    public void OnReplaced(in OrderReplaced e)
    {
        var order = Live(e.Order);
        depth.Touch(order);
        order.Price = e.Price;
        if (current.Kind == CommandKind.ReduceOrder) order.ReducedLots = order.Lots - order.FilledLots - e.Remaining.Lots;
        Changed(order);
        if (current.Kind == CommandKind.ReduceOrder) Tell(order, "reduced");
    }

    public void OnMarketChanged(in MarketChanged e)
    {
        if (desk.Markets.TryGetValue(e.Market, out var market)) market.State = e.State;
        if (current.Kind == CommandKind.SetMarketState) batch.ChangedMarkets.Add((e.Market, e.State, current.Outcome));
    }

    public void OnTradeClosed(in TradeClosed e) => batch.ClosedTrades.Add((e.Trade, e.Settled, request?.Command.Chain?.Reason));

    public void OnBalanceTouched(AccountId account, MarketId market, byte outcome) =>
        touchedBalances.Add((account, outcome == Command.CollateralOutcome ? default : market, outcome));

    private void AddTrade(in OrderFilled taker)
    {
        batch.Trades.Add(new TradeRow(
            taker.Trade, trade.Market, trade.Kind, trade.Quantity.Lots, taker.Outcome, taker.Side == Side.Buy, taker.Price.Ticks, current.Sequence));
        if (!trades.TryGetValue(trade.Market, out var views)) trades.Add(trade.Market, views = []);
        views.Add(new TradeView(
            taker.Trade.Value, trade.Market.Value, trade.Kind switch { TradeKind.Mint => "mint", TradeKind.Merge => "merge", _ => "direct" }, taker.Outcome,
            taker.Side == Side.Buy ? "buy" : "sell", Decimals.Price(taker.Price.Ticks), Decimals.Shares(trade.Quantity.Lots),
            new DateTimeOffset(batch.AcceptedAt), "matched", null, null, null, epoch, current.Sequence));

        var market = desk.Markets[trade.Market];
        market.Stats.Add(current.AcceptedAtMicros / 1_000_000, trade.Quantity.Lots, (taker.Price * trade.Quantity).Micros);
        if (taker.Outcome == 0) market.Stats.LastPriceTicks = taker.Price.Ticks;
        else if (market.Outcomes == 2) market.Stats.LastPriceTicks = taker.Price.Complement.Ticks;
    }

    /// <summary>An order of this batch is inserted as it is at the end; one of an earlier batch is updated.</summary>
    private void Changed(LiveOrder order)
    {
        depth.Touch(order);
        var state = OrderChange.Of(order, current.Sequence);
        if (newOrders.TryGetValue(order.Id, out var index)) batch.NewOrders[index] = batch.NewOrders[index] with { State = state };
        else batch.ChangedOrders[order.Id] = state;
    }

    private void Tell(LiveOrder order, string kind, FillView? fill = null) => batch.OrderUpdates.Add(new OrderUpdate(
        order.Owner.ToLowerHex(), order.Hash.ToString(), order.Market.Value, kind, order.StatusName, Decimals.Shares(order.FilledLots),
        Decimals.Shares(order.RemainingLots), fill, order.Reason, epoch, current.Sequence));

    private DoorResult ResultOf(Guid requestId)
    {
        if (rejected != RejectReason.None)
            return new DoorResult(requestId, DoorStatus.Rejected, RejectCodes.Of(rejected), epoch, current.Sequence, OrderHash: HashOf(request));
        if (placed is null)
            return new DoorResult(requestId, DoorStatus.Accepted, null, epoch, current.Sequence, Cancelled: cancelled.Count > 0 ? [.. cancelled] : null);
        return new DoorResult(
            requestId, DoorStatus.Accepted, null, epoch, current.Sequence, placed.StatusName, placed.FilledLots, placed.RemainingLots,
            [.. fills], OrderHash: placed.Hash.ToString());
    }

    private static string? HashOf(Request? of) => of?.Command.Kind == DoorCommandKind.Place ? of.OrderHash.ToString() : null;

    /// <summary>An order may be told of after it left the books, by the same command that removed it.</summary>
    private LiveOrder Live(OrderId id) =>
        desk.Orders.Find(id) ?? throw new InvalidOperationException($"The engine tells of order {id.Value}, which is not among the live ones.");

    private string? Best(Market market, Side side)
    {
        Span<DepthLevel> level = stackalloc DepthLevel[1];
        return desk.Engine.Depth(market.Id, 0, side, level) == 1 ? Decimals.Price(level[0].Price.Ticks) : null;
    }
}
