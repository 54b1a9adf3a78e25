using Foresight.Exchange.Markets;
using Foresight.Exchange.Orders;

namespace Foresight.Exchange;

public sealed partial class ExchangeEngine
{
    private RejectReason Place<TEvents>(in Command command, ref TEvents events) where TEvents : struct, IExchangeEvents
    {
        ref var market = ref _markets.At(command.Market.Value);
        var refused = CheckTerms(command, market);
        if (refused != RejectReason.None)
            return refused;

        var rests = command.TimeInForce <= TimeInForce.GoodTilDate;
        var order = Incoming(command, market);
        if (rests && (market.OpenOrders >= ExchangeLimits.OpenOrdersPerMarket || _orders.AccountAt(order.Account).OpenOrders >= ExchangeLimits.OpenOrdersPerAccount))
            return RejectReason.TooManyOrders;

        var price = command.Price.Ticks;
        var quantity = command.Quantity.Lots;
        order.HoldingRow = HoldingRowOf(order);
        var hold = HoldPerLot(order.Side, price) * quantity;
        if (_holdings.At(order.HoldingRow).Available < Math.Min(hold, order.Budget))
            return RejectReason.InsufficientBalance;

        var crosses = Crosses(order);
        if (crosses || command.TimeInForce == TimeInForce.FillOrKill)
        {
            refused = CheckMatch(order, command, quantity, crosses);
            if (refused != RejectReason.None)
                return refused;
        }

        events.OnAccepted(new OrderAccepted(
            OrderIdOf(order.Number), command.Market, command.Account, command.Outcome, command.Side, command.Price, command.Quantity));
        var left = crosses ? Match(ref order, quantity, ref events) : quantity;
        if (left > 0)
        {
            if (rests && order.Stopped == CancelReason.None)
                Rest(order, left, command.SaltTag, command.ExpiresAtSeconds);
            else
                CancelRest(order, left, ref events);
        }

        ref readonly var holding = ref _holdings.At(order.HoldingRow);
        events.OnBalanceTouched(command.Account, new MarketId(holding.Market), (byte)holding.Outcome);
        return RejectReason.None;
    }

    /// <summary>What can be said of a new order without looking at books or balances, in the order of <see cref="RejectReason"/>.</summary>
    private RejectReason CheckTerms(in Command command, in MarketRow market)
    {
        if (market.Outcomes == 0)
            return RejectReason.InvalidMarket;
        if (command.Outcome >= market.Outcomes || command.Side > Side.Sell)
            return RejectReason.InvalidOutcome;
        var price = command.Price.Ticks;
        if (price is < Price.MinTicks or > Price.MaxTicks)
            return RejectReason.InvalidPrice;
        if (market.TickSize != 1 && price % market.TickSize != 0)
            return RejectReason.InvalidTick;
        if (command.Quantity.Lots is < Quantity.MinLots or > Quantity.MaxLots)
            return RejectReason.InvalidAmount;

        var isImmediate = command.TimeInForce is TimeInForce.ImmediateOrCancel or TimeInForce.FillOrKill;
        // Money bounds what is spent, so a sell has none; and what rests is bounded by its quantity.
        var budget = command.Amount.Micros;
        if (budget < 0 || budget > 0 && command.Side == Side.Sell)
            return RejectReason.InvalidAmount;
        if (command.TimeInForce > TimeInForce.FillOrKill || command.SelfTradePrevention > SelfTradePrevention.CancelBoth
            || isImmediate && command.PostOnly || budget > 0 && !isImmediate
            || command.TimeInForce == TimeInForce.GoodTilDate && command.ExpiresAtSeconds <= 0)
            return RejectReason.InvalidTimeInForce;

        if (market.State != MarketState.Open)
            return market.State == MarketState.Paused ? RejectReason.MarketPaused : RejectReason.MarketClosed;
        return ExpiryQueue.IsPast(command.ExpiresAtSeconds, _clockMicros) ? RejectReason.OrderExpired : RejectReason.None;
    }

    /// <summary>What the books say of an order that would trade at once, or must. Nothing has moved yet.</summary>
    private RejectReason CheckMatch(in IncomingOrder order, in Command command, long quantity, bool crosses)
    {
        if (crosses && command.PostOnly)
            return RejectReason.WouldCross;
        if (command.TimeInForce == TimeInForce.FillOrKill && !CanFill(order, quantity))
            return RejectReason.WouldNotFill;
        if (order.SelfTradePrevention == SelfTradePrevention.CancelNewest && MeetsItselfFirst(order))
            return RejectReason.SelfTrade;
        return _trades.Count >= ExchangeLimits.UnsettledTrades ? RejectReason.SettlementBacklog : RejectReason.None;
    }

    private static IncomingOrder Incoming(in Command command, in MarketRow market) => new()
    {
        Number = command.Sequence,
        Account = command.Account.Value,
        Market = command.Market.Value,
        Ladder = market.LadderOf(command.Outcome, command.Side),
        Key = OwnKey(command.Side, command.Price.Ticks),
        Outcome = command.Outcome,
        Side = command.Side,
        SelfTradePrevention = command.SelfTradePrevention,
        SetOutcomes = market.Outcomes == 2 ? (byte)0 : (byte)market.Outcomes,
        TickSize = market.TickSize,
        Unfilled = command.Quantity.Lots,
        Budget = command.Amount.Micros == 0 ? long.MaxValue : command.Amount.Micros,
    };

    /// <summary>The holding that an order reserves from; row 0, where there is nothing, for an account that never had any.</summary>
    private int HoldingRowOf(in IncomingOrder order)
    {
        if (order.Side == Side.Sell)
            return _holdings.Find(order.Account, order.Market, order.Outcome);
        return _orders.AccountAt(order.Account).CollateralRow;
    }

    private void Rest(in IncomingOrder order, long quantity, ulong saltTag, long expiresAtSeconds)
    {
        var slot = _books.Rest(order.Ladder, order.Key, quantity, order.Account);
        ref var record = ref _orders.Add(slot, order.Number, order.Account, _books.OrderCapacity);
        record.SaltTag = saltTag;
        record.HoldingRow = order.HoldingRow;
        record.Outcome = order.Outcome;
        record.Side = order.Side;
        if (expiresAtSeconds != 0)
            _expiry.Add(slot, expiresAtSeconds);
        _markets.At(order.Market).OpenOrders++;
        _holdings.At(order.HoldingRow).OrderHold += quantity * HoldPerLot(order.Side, PriceOf(order.Side, order.Key));
    }

    /// <summary>What an order that does not rest has left is cancelled.</summary>
    private void CancelRest<TEvents>(in IncomingOrder order, long left, ref TEvents events)
        where TEvents : struct, IExchangeEvents
    {
        var reason = order.Stopped != CancelReason.None ? order.Stopped
            : order.Budget == 0 ? CancelReason.BudgetSpent
            : CancelReason.ImmediateOrCancel;
        events.OnCancelled(new OrderCancelled(
            OrderIdOf(order.Number), new MarketId(order.Market), new AccountId(order.Account), new Quantity(left), reason));
    }
}
