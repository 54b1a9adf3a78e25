using Foresight.Exchange.Markets;

namespace Foresight.Exchange;

public sealed partial class ExchangeEngine
{
    /// <summary>
    /// Gives a resting order a new price and a new open quantity. When only the quantity shrinks it keeps its place; otherwise it goes
    /// through matching again, with the command's post-only and self-trade prevention, and joins the end of its new level. Id, salt and
    /// expiry stay.
    /// </summary>
    private RejectReason Replace<TEvents>(in Command command, ref TEvents events) where TEvents : struct, IExchangeEvents
    {
        var slot = FindOrder(command.Order);
        ref readonly var record = ref _orders.At(slot);
        var level = slot == 0 ? 0 : _books.NodeAt(slot).Level;
        var marketId = slot == 0 ? command.Market.Value : _books.LadderAt(_books.NodeAt(level).Level).Market;
        ref var market = ref _markets.At(marketId);
        var refused = CheckNewTerms(command, market, slot);
        if (refused != RejectReason.None)
            return refused;

        var key = OwnKey(record.Side, command.Price.Ticks);
        var oldKey = _books.NodeAt(level).Tag;
        var oldQuantity = _books.NodeAt(slot).Quantity;
        var quantity = command.Quantity.Lots;
        var more = HoldPerLot(record.Side, command.Price.Ticks) * quantity - HoldPerLot(
            record.Side, PriceOf(record.Side, oldKey)) * oldQuantity;
        var side = record.Side;
        ref var holding = ref _holdings.At(record.HoldingRow);
        if (more > 0 && more > holding.Available)
            return RejectReason.InsufficientBalance;

        if (key == oldKey && quantity <= oldQuantity)
        {
            if (quantity < oldQuantity)
                _books.Shrink(slot, oldQuantity - quantity);
            holding.OrderHold += more;
            events.OnReplaced(new OrderReplaced(command.Order, new MarketId(marketId), command.Quantity, command.Price));
        }
        else
        {
            var order = Incoming(command, market, slot, marketId, key);
            var crosses = Crosses(order);
            if (crosses)
            {
                refused = CheckMatch(order, command, quantity, crosses);
                if (refused != RejectReason.None)
                    return refused;
            }

            holding.OrderHold -= HoldPerLot(side, PriceOf(side, oldKey)) * oldQuantity;
            events.OnReplaced(new OrderReplaced(command.Order, new MarketId(marketId), command.Quantity, command.Price));
            Reenter(slot, ref order, crosses, ref events);
        }

        events.OnBalanceTouched(command.Account, new MarketId(holding.Market), holding.Outcome);
        return RejectReason.None;
    }

    private RejectReason CheckNewTerms(in Command command, in MarketRow market, int slot)
    {
        var price = command.Price.Ticks;
        if (price is < Price.MinTicks or > Price.MaxTicks)
            return RejectReason.InvalidPrice;
        if (slot != 0 && price % market.TickSize != 0)
            return RejectReason.InvalidTick;
        if (command.Quantity.Lots is < Quantity.MinLots or > Quantity.MaxLots || command.Amount.Micros != 0)
            return RejectReason.InvalidAmount;
        if (command.TimeInForce > TimeInForce.GoodTilDate || command.SelfTradePrevention > SelfTradePrevention.CancelBoth)
            return RejectReason.InvalidTimeInForce;

        // An order of a closed market is gone, so an order that rests is in a market that is open or paused.
        if (slot != 0 && market.State != MarketState.Open)
            return RejectReason.MarketPaused;
        if (slot == 0)
            return RejectReason.UnknownOrder;
        return command.Account.Value != _books.NodeAt(slot).Tag ? RejectReason.NotOwner : RejectReason.None;
    }

    private IncomingOrder Incoming(in Command command, in MarketRow market, int slot, int marketId, int key)
    {
        ref readonly var record = ref _orders.At(slot);
        return new IncomingOrder
        {
            Number = record.Number,
            Account = command.Account.Value,
            Market = marketId,
            HoldingRow = record.HoldingRow,
            Ladder = market.LadderOf(record.Outcome, record.Side),
            Key = key,
            Outcome = record.Outcome,
            Side = record.Side,
            SelfTradePrevention = command.SelfTradePrevention,
            SetOutcomes = market.Outcomes == 2 ? (byte)0 : (byte)market.Outcomes,
            TickSize = market.TickSize,
            Unfilled = command.Quantity.Lots,
            Budget = long.MaxValue,
        };
    }

    /// <summary>The order is still in its old place, holding nothing. It ends at the end of its new level, or nowhere.</summary>
    private void Reenter<TEvents>(int slot, ref IncomingOrder order, bool crosses, ref TEvents events)
        where TEvents : struct, IExchangeEvents
    {
        // It trades with the other side (or other outcomes) only, so its own old place is not in the way.
        var left = crosses ? Match(ref order, order.Unfilled, ref events) : order.Unfilled;
        if (left > 0 && order.Stopped == CancelReason.None)
        {
            _books.Move(slot, order.Ladder, order.Key, left);
            _holdings.At(order.HoldingRow).OrderHold += left * HoldPerLot(order.Side, PriceOf(order.Side, order.Key));
            return;
        }

        _books.Remove(slot);
        Forget(ref _orders.At(slot), slot, order.Account, order.Market);
        if (left > 0)
            CancelRest(order, left, ref events);
    }
}
