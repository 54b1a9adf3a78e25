using Foresight.Matching.Engine;
using Foresight.Matching.Orders;
using Foresight.Protocol;

namespace Foresight.Matching.Invariants;

/// <summary>
/// Deliberately independent of <see cref="BatchBuilder"/>: where the two disagree, there is a violation. Keeps the open orders and no
/// others, so that memory does not grow with the journal.
/// </summary>
internal sealed class ReplayedRows(Violations violations)
{
    private readonly Dictionary<long, OrderFacts> _open = [];
    private readonly Dictionary<int, int> _outcomesOfMarket = [];
    private Command _command;
    private long _epoch;
    private TradeExecuted _trade;

    public Dictionary<long, OrderFacts> Orders { get; } = [];

    public Dictionary<long, TradeFacts> Trades { get; } = [];
    public Dictionary<(long Trade, byte Leg), FillFacts> Fills { get; } = [];
    public HashSet<BalanceKey> Balances { get; } = [];
    public HashSet<long> ClosedTrades { get; } = [];

    public Dictionary<long, TombstoneFacts> Tombstones { get; } = [];
    public bool Refused { get; private set; }
    public long TradesSoFar { get; private set; }
    public long LastTrade { get; private set; }

    public void StartPage()
    {
        Orders.Clear();
        Trades.Clear();
        Fills.Clear();
        Balances.Clear();
        ClosedTrades.Clear();
        Tombstones.Clear();
    }

    public void StartCommand(in Command next, long nextEpoch)
    {
        (_command, _epoch, Refused) = (next, nextEpoch, false);
        if (next.Kind == CommandKind.ListMarket)
            _outcomesOfMarket.TryAdd(next.Market.Value, next.Outcomes);
    }

    public void FinishCommand()
    {
        if (_trade.Trade.Value != 0)
            CheckLegs();
        _trade = default;
    }

    private void OnAccepted(OrderId id, Purse purse, in Command placed) => Change(id.Value, NewOrder(placed, purse, OrderStatus.Open));

    /// <summary>Call only if, by the stored answer, the book killed the order: earlier versions wrote no row for it.</summary>
    public void AddKilledOrder(OrderId id)
    {
        violations.Require(Refused, $"Command {_command.Sequence} was answered as killing its order, and its replay is accepted.");
        Change(id.Value, NewOrder(_command, Purse.Wallet, OrderStatus.Rejected));
    }

    private OrderFacts NewOrder(in Command placed, Purse purse, OrderStatus status) =>
        new(
            placed.Market.Value,
            placed.Account.Value,
            placed.Outcome,
            placed.Side == Side.Buy,
            placed.Quantity.Lots,
            placed.Sequence,
            _epoch,
            placed.Price.Ticks,
            0,
            status,
            placed.Sequence,
            purse
        );

    /// <summary>
    /// A cancel that met no order is answered as done, because its salt is refused from then on. The engine knows no tombstones, so the
    /// replay refuses it.
    /// </summary>
    public bool IsRememberedCancel(ResultStatus answer) => Refused && LeavesTombstone(answer);

    public void AddTombstone(ResultStatus answer)
    {
        if (LeavesTombstone(answer))
            Tombstones[_command.Sequence] = new TombstoneFacts(
                _command.Market.Value,
                _command.Account.Value,
                _command.SaltTag,
                _epoch,
                !Refused,
                _command.ExpiresAtSeconds
            );
    }

    private bool LeavesTombstone(ResultStatus answer) =>
        answer == ResultStatus.Accepted && _command is { Kind: CommandKind.CancelBySalt, ExpiresAtSeconds: > 0 };

    private void OnTrade(in TradeExecuted e)
    {
        if (_trade.Trade.Value != 0)
            CheckLegs();
        _trade = e;
        violations.Require(e.Trade.Value > LastTrade, $"Trade {e.Trade.Value} comes after trade {LastTrade}.");
        LastTrade = e.Trade.Value;
        TradesSoFar++;
    }

    private void OnFilled(in OrderFilled e)
    {
        Fills[(e.Trade.Value, e.Leg)] = new FillFacts(
            e.Order.Value,
            e.Account.Value,
            e.Outcome,
            e.Side == Side.Buy,
            e.Price.Ticks,
            e.Quantity.Lots,
            e.IsTaker,
            e.Purse
        );
        if (e.IsTaker)
            Trades[e.Trade.Value] = new TradeFacts(
                _trade.Market.Value,
                _trade.Kind,
                _trade.Quantity.Lots,
                e.Outcome,
                e.Side == Side.Buy,
                e.Price.Ticks,
                _command.Sequence,
                _epoch,
                e.Purse == Purse.Vault
            );
        else if (e.Purse == Purse.Wallet && Trades.TryGetValue(e.Trade.Value, out var trade))
            Trades[e.Trade.Value] = trade with { Firm = false };
        if (!_open.TryGetValue(e.Order.Value, out var order))
        {
            violations.Add($"Trade {e.Trade.Value} fills order {e.Order.Value}, which was filled, cancelled or expired before.");
            return;
        }

        var filled = order.FilledLots + e.Quantity.Lots;
        violations.Require(
            filled <= order.Lots,
            $"Trade {e.Trade.Value} fills order {e.Order.Value} with {filled} lots in all; it has {order.Lots}."
        );
        Change(
            e.Order.Value,
            order with
            {
                FilledLots = filled,
                Status = e.Remaining.Lots == 0 ? OrderStatus.Filled : OrderStatus.PartiallyFilled,
                Changed = _command.Sequence,
            }
        );
    }

    private void OnCancelled(in OrderCancelled e)
    {
        if (_open.TryGetValue(e.Order.Value, out var order))
            Change(
                e.Order.Value,
                order with
                {
                    Status = e.Reason == CancelReason.Expired ? OrderStatus.Expired : OrderStatus.Cancelled,
                    Changed = _command.Sequence,
                    ReducedLots = order.ReducedLots + (e.Reason == CancelReason.FilledOnChain ? e.Remaining.Lots : 0),
                }
            );
        else
            violations.Add($"Command {_command.Sequence} cancels order {e.Order.Value}, which was filled, cancelled or expired before.");
    }

    private void OnReplaced(in OrderReplaced e)
    {
        if (_open.TryGetValue(e.Order.Value, out var order))
            Change(
                e.Order.Value,
                order with
                {
                    PriceTicks = e.Price.Ticks,
                    Changed = _command.Sequence,
                    ReducedLots =
                        _command.Kind == CommandKind.ReduceOrder ? order.Lots - order.FilledLots - e.Remaining.Lots : order.ReducedLots,
                }
            );
        else
            violations.Add($"Command {_command.Sequence} replaces order {e.Order.Value}, which was filled, cancelled or expired before.");
    }

    private void Change(long id, OrderFacts order)
    {
        Orders[id] = order;
        if (order.Status is OrderStatus.Open or OrderStatus.PartiallyFilled)
            _open[id] = order;
        else
            _open.Remove(id);
    }

    /// <summary>
    /// In a trade one lot pays exactly what another receives, and a complete set is worth 10,000 ticks; anything else would create or
    /// destroy money.
    /// </summary>
    private void CheckLegs()
    {
        var id = _trade.Trade.Value;
        var legs = Enumerable.Range(0, _trade.Legs).Select(leg => Fills.GetValueOrDefault((id, (byte)leg))).ToList();
        violations.Require(
            TradeRules.Conserves(_trade.Kind, _trade.Quantity.Lots, legs, _outcomesOfMarket.GetValueOrDefault(_trade.Market.Value)),
            $"Trade {id} ({_trade.Kind}) does not conserve money and shares: {string.Join("; ", legs)}."
        );
    }

    public readonly struct Listener(ReplayedRows rows) : IExchangeEvents
    {
        public void OnAccepted(OrderId order, Purse purse, in Command placed) => rows.OnAccepted(order, purse, placed);

        public void OnRejected(in CommandRejected e) => rows.Refused = true;

        public void OnTrade(in TradeExecuted e) => rows.OnTrade(e);

        public void OnFilled(in OrderFilled e) => rows.OnFilled(e);

        public void OnCancelled(in OrderCancelled e) => rows.OnCancelled(e);

        public void OnReplaced(in OrderReplaced e) => rows.OnReplaced(e);

        public void OnMarketChanged(in MarketChanged e) { }

        public void OnTradeClosed(in TradeClosed e) => rows.ClosedTrades.Add(e.Trade.Value);

        public void OnBalanceTouched(AccountId account, MarketId market, byte outcome, Purse purse) =>
            rows.Balances.Add(new BalanceKey(account.Value, outcome == Command.CollateralOutcome ? 0 : market.Value, outcome, purse));
    }
}
