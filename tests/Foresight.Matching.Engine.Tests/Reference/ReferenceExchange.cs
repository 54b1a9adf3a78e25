namespace Foresight.Matching.Engine.Tests.Reference;

/// <summary>
/// In the simplest form that can be verified against the rules: lists, sums over lists, no index, no incremental value. Shares only the
/// commands and events with the product, so that a defect cannot be in both.
/// </summary>
public sealed partial class ReferenceExchange(int shard = 0)
{
    private readonly Dictionary<(int Account, int Market, byte Outcome, Purse Purse), (long Owned, long Block)> _owned = [];
    private readonly SortedDictionary<long, ReferenceTrade> _trades = [];
    private readonly List<ReferenceMarket> _tradable = [];
    private readonly List<ReferenceWithdrawal> _withdrawals = [];
    private long _clockMicros;
    private long _firmUntilSeconds;
    private long _firmAllotment;
    private long _lastTrade;
    private long _lastArrival;

    public SortedDictionary<int, ReferenceMarket> Markets { get; } = [];

    public IReadOnlyDictionary<long, ReferenceTrade> Trades => _trades;

    public IReadOnlyList<ReferenceWithdrawal> Withdrawals => _withdrawals;

    public int FirmTrades => _trades.Values.Count(trade => trade.IsFirm);

    public long ClockMicros => _clockMicros;

    public List<object> Events { get; } = [];

    public IEnumerable<ReferenceOrder> OpenOrders => _tradable.SelectMany(market => market.Orders);

    public int OpenOrderCount => _tradable.Sum(market => market.Orders.Count);

    public bool IsTradable(int market) => market == 0 || _tradable.Any(one => one.Id == market);

    public void Apply(in Command command)
    {
        Events.Clear();
        _clockMicros = Math.Max(_clockMicros, command.AcceptedAtMicros);
        var due = OpenOrders
            .Where(order => IsPast(order.ExpiresAtSeconds))
            .OrderBy(order => order.ExpiresAtSeconds)
            .ThenBy(order => order.Id)
            .ToList();
        foreach (var order in due)
            Cancel(order, CancelReason.Expired);

        var reason = command.Kind switch
        {
            CommandKind.ListMarket => List(command),
            CommandKind.SetMarketState => SetState(command),
            CommandKind.PlaceOrder => Place(command),
            CommandKind.CancelOrder => CancelOne(command),
            CommandKind.CancelBySalt => CancelBySalt(command),
            CommandKind.CancelAllOfAccount => CancelAllOfAccount(command),
            CommandKind.CancelAllOfMarket => CancelAllOfMarket(command),
            CommandKind.ReplaceOrder => Replace(command),
            CommandKind.ReduceOrder => Reduce(command),
            CommandKind.ObserveBalance => Observe(command),
            CommandKind.SettleTrade => Close(command, isSettled: true),
            CommandKind.BustTrade => Close(command, isSettled: false),
            CommandKind.SetFirmTerms => SetFirmTerms(command),
            CommandKind.GrantWithdrawal => Grant(command),
            CommandKind.PayWithdrawal => EndWithdrawal(command, isPaid: true),
            CommandKind.LapseWithdrawal => EndWithdrawal(command, isPaid: false),
            _ => RejectReason.None,
        };

        if (reason != RejectReason.None)
            Events.Add(new CommandRejected(command.Sequence, command.Kind, reason));
    }

    public Holding Balance(int account, int market, byte outcome, Purse purse)
    {
        var isCollateral = outcome == Command.CollateralOutcome;
        var orders = OpenOrders.Where(o =>
            o.Account == account
            && o.Purse == purse
            && (isCollateral ? o.Side == Side.Buy : o.Side == Side.Sell && o.Market == market && o.Outcome == outcome)
        );
        var tradeHold = 0L;
        foreach (var trade in _trades.Values)
        {
            foreach (var leg in trade.Legs)
            {
                if (
                    leg.Account == account
                    && leg.Purse == purse
                    && (isCollateral ? leg.Side == Side.Buy : leg.Side == Side.Sell && trade.Market == market && leg.Outcome == outcome)
                )
                    tradeHold += leg.Debit(trade.Quantity);
            }
        }

        if (purse == Purse.Vault)
            tradeHold += _withdrawals
                .Where(one => one.Account == account && one.Outcome == outcome && (isCollateral || one.Market == market))
                .Sum(one => one.Units);
        return new Holding(OwnedOf(account, market, outcome, purse).Owned, orders.Sum(o => o.Hold), tradeHold);
    }

    public IEnumerable<(int Account, int Market, byte Outcome, Purse Purse)> Assets => _owned.Keys;

    public long FirmLots(int market, byte outcome, Side side, int price) =>
        Markets[market]
            .Orders.Where(o => o.Purse == Purse.Vault)
            .Where(o =>
                o.Outcome == outcome && o.Side == side && o.Price == price
                || Markets[market].Outcomes == 2 && o.Outcome != outcome && o.Side != side && o.Price == Price.TicksPerUnit - price
            )
            .Sum(o => o.Left);

    public List<DepthLevel> Depth(int market, byte outcome, Side side)
    {
        var row = Markets[market];
        var levels = new SortedDictionary<int, long>();
        foreach (var order in row.Orders)
        {
            // In a binary market an order of the other outcome is also seen as its complement on the opposite side.
            int price;
            if (order.Outcome == outcome && order.Side == side)
                price = order.Price;
            else if (row.Outcomes == 2 && order.Outcome != outcome && order.Side != side)
                price = Price.TicksPerUnit - order.Price;
            else
                continue;
            levels[price] = levels.GetValueOrDefault(price) + order.Left;
        }

        var depth = levels.Select(level => new DepthLevel(new Price(level.Key), new Quantity(level.Value)));
        return [.. side == Side.Buy ? depth.Reverse() : depth];
    }

    private (long Owned, long Block) OwnedOf(int account, int market, byte outcome, Purse purse) =>
        _owned.GetValueOrDefault((account, outcome == Command.CollateralOutcome ? 0 : market, outcome, purse));

    private bool IsPast(long expiresAtSeconds) =>
        expiresAtSeconds != 0 && (expiresAtSeconds < 0 || (Int128)expiresAtSeconds * 1_000_000 < _clockMicros);

    private OrderId OrderIdOf(long number) => new(unchecked((long)((ulong)shard << 48) | number));

    private TradeId TradeIdOf(long number) => new(unchecked((long)((ulong)shard << 48) | number));

    private ReferenceOrder? Find(OrderId id) => OpenOrders.FirstOrDefault(order => OrderIdOf(order.Id) == id);

    private void Cancel(ReferenceOrder order, CancelReason reason)
    {
        Markets[order.Market].Orders.Remove(order);
        Events.Add(
            new OrderCancelled(
                OrderIdOf(order.Id),
                new MarketId(order.Market),
                new AccountId(order.Account),
                new Quantity(order.Left),
                reason
            )
        );
    }

    private RejectReason CancelOne(in Command command)
    {
        if (Find(command.Order) is not { } order)
            return RejectReason.UnknownOrder;
        if (command.Account.Value != 0 && command.Account.Value != order.Account)
            return RejectReason.NotOwner;
        Cancel(order, command.Account.Value == 0 ? CancelReason.Administrator : CancelReason.Requested);
        return RejectReason.None;
    }

    private RejectReason Reduce(in Command command)
    {
        var most = command.Quantity.Lots;
        if (most is < 0 or > 1_000_000_000_000)
            return RejectReason.InvalidAmount;
        if (Find(command.Order) is not { } order)
            return RejectReason.UnknownOrder;
        if (order.Left <= most)
            return RejectReason.None;
        if (most == 0)
        {
            Cancel(order, CancelReason.FilledOnChain);
            return RejectReason.None;
        }

        order.Left = most;
        Events.Add(new OrderReplaced(command.Order, new MarketId(order.Market), new Quantity(most), new Price(order.Price)));
        return RejectReason.None;
    }

    private List<ReferenceOrder> OrdersOf(AccountId account, MarketId market) =>
        [.. OpenOrders.Where(o => o.Account == account.Value && (market.Value == 0 || o.Market == market.Value)).OrderBy(o => o.Id)];

    private RejectReason CancelBySalt(in Command command)
    {
        var tag = command.SaltTag;
        var found = OrdersOf(command.Account, command.Market).Where(o => o.SaltTag == tag).ToList();
        foreach (var order in found)
            Cancel(order, CancelReason.Requested);
        return found.Count == 0 ? RejectReason.UnknownOrder : RejectReason.None;
    }

    private RejectReason CancelAllOfAccount(in Command command)
    {
        foreach (var order in OrdersOf(command.Account, command.Market))
            Cancel(order, CancelReason.Requested);
        return RejectReason.None;
    }

    private RejectReason CancelAllOfMarket(in Command command)
    {
        if (!Markets.TryGetValue(command.Market.Value, out var market))
            return RejectReason.InvalidMarket;
        CancelAll(market, CancelReason.Administrator);
        return RejectReason.None;
    }

    private void CancelAll(ReferenceMarket market, CancelReason reason)
    {
        IEnumerable<ReferenceOrder> Queue(Func<ReferenceOrder, int?> cost) =>
            market.Orders.Where(o => cost(o) is not null).OrderBy(cost).ThenBy(o => o.Arrival);
        List<ReferenceOrder> all = [];
        if (market.Outcomes == 2)
        {
            // Bids of outcome 0 are its buys and the sells of outcome 1, the highest first, as prices of outcome 0.
            all.AddRange(Queue(o => o.Side == Side.Buy == (o.Outcome == 0) ? -PriceOfZero(o) : null));
            all.AddRange(Queue(o => o.Side == Side.Sell == (o.Outcome == 0) ? PriceOfZero(o) : null));
        }
        else
        {
            for (var outcome = 0; outcome < market.Outcomes; outcome++)
            {
                all.AddRange(Queue(o => o.Outcome == outcome && o.Side == Side.Buy ? -o.Price : null));
                all.AddRange(Queue(o => o.Outcome == outcome && o.Side == Side.Sell ? o.Price : null));
            }
        }

        foreach (var order in all)
            Cancel(order, reason);
    }

    private static int PriceOfZero(ReferenceOrder order) => order.Outcome == 0 ? order.Price : Price.TicksPerUnit - order.Price;
}
