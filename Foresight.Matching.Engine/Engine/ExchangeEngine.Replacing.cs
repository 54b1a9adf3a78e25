using Foresight.Matching.Engine.Markets;
using Foresight.Matching.Engine.Orders;

namespace Foresight.Matching.Engine;

public sealed partial class ExchangeEngine
{
    /// <summary>
    /// A smaller quantity at the same price is within what was signed, so it is made in place: id, salt, expiry and priority are kept. Any
    /// other change needs another signature and is another order, because one id must not trade beyond its signed size and price: the old
    /// one is cancelled, and its successor, with an id from this command and with the command's salt and expiry, is placed like any other
    /// (docs/decisions/0102).
    /// </summary>
    private RejectReason Replace<TEvents>(in Command command, ref TEvents events)
        where TEvents : struct, IExchangeEvents
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
        var hold = HoldPerLot(record.Side, command.Price.Ticks) * quantity;
        var more = hold - HoldPerLot(record.Side, PriceOf(record.Side, oldKey)) * oldQuantity;
        ref var holding = ref _holdings.At(record.HoldingRow);
        if (key == oldKey && quantity <= oldQuantity)
        {
            if (quantity < oldQuantity)
            {
                _books.Shrink(slot, oldQuantity - quantity);
                if (holding.Purse == Purse.Vault)
                    ShrinkFirmDepth(slot, oldQuantity - quantity);
            }

            holding.OrderHold += more;
            events.OnReplaced(new OrderReplaced(command.Order, new MarketId(marketId), command.Quantity, command.Price));
            events.OnBalanceTouched(command.Account, new MarketId(holding.Market), holding.Outcome, holding.Purse);
            return RejectReason.None;
        }

        if (more > 0 && more > holding.Available)
            return RejectReason.InsufficientBalance;
        var successor = command with { Market = new MarketId(marketId), Outcome = record.Outcome, Side = record.Side };
        var order = Incoming(successor, market, record.HoldingRow);
        // It trades only with the other side (or other outcomes), so the old order is never its counterparty.
        var crosses = Crosses(order);
        if (crosses)
        {
            refused = CheckMatch(order, successor, quantity, crosses);
            if (refused != RejectReason.None)
                return refused;
        }

        if (holding.Purse == Purse.Vault && !IsFirmOpen(_clockMicros))
            return RejectReason.FirmUnavailable;
        Cancel(slot, CancelReason.Replaced, ref events);
        Enter(successor, ref market, ref order, crosses, ref events);
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
        if (
            command.TimeInForce > TimeInForce.GoodTilDate
            || command.SelfTradePrevention > SelfTradePrevention.CancelBoth
            || command.TimeInForce == TimeInForce.GoodTilDate && command.ExpiresAtSeconds <= 0
            || command.FirmOnly
            || command.Purse != PurseChoice.Either
        )
            return RejectReason.InvalidTimeInForce;

        // Closing a market removes its orders, so an order that rests is in a market that is open or paused.
        if (slot != 0 && market.State != MarketState.Open)
            return RejectReason.MarketPaused;
        if (ExpiryQueue.IsPast(command.ExpiresAtSeconds, _clockMicros))
            return RejectReason.OrderExpired;
        if (slot == 0)
            return RejectReason.UnknownOrder;
        return command.Account.Value != _books.NodeAt(slot).Tag ? RejectReason.NotOwner : RejectReason.None;
    }
}
