namespace Foresight.Matching.Engine;

public sealed partial class ExchangeEngine
{
    /// <summary>
    /// Applies in a paused market too, because the chain has already filled the order. An order with no more than that open stays as it is,
    /// so a repeated observation changes nothing.
    /// </summary>
    private RejectReason Reduce<TEvents>(in Command command, ref TEvents events)
        where TEvents : struct, IExchangeEvents
    {
        var most = command.Quantity.Lots;
        if (most is < 0 or > Quantity.MaxLots)
            return RejectReason.InvalidAmount;
        var slot = FindOrder(command.Order);
        if (slot == 0)
            return RejectReason.UnknownOrder;
        var excess = _books.NodeAt(slot).Quantity - most;
        if (excess <= 0)
            return RejectReason.None;
        if (most == 0)
        {
            Cancel(slot, CancelReason.FilledOnChain, ref events);
            return RejectReason.None;
        }

        ref readonly var order = ref _orders.At(slot);
        ref readonly var level = ref _books.NodeAt(_books.NodeAt(slot).Level);
        var price = PriceOf(order.Side, level.Tag);
        ref var holding = ref _holdings.At(order.HoldingRow);
        _books.Shrink(slot, excess);
        holding.OrderHold -= excess * HoldPerLot(order.Side, price);
        if (holding.Purse == Purse.Vault)
            ShrinkFirmDepth(slot, excess);
        events.OnReplaced(
            new OrderReplaced(command.Order, new MarketId(_books.LadderAt(level.Level).Market), new Quantity(most), new Price(price))
        );
        events.OnBalanceTouched(new AccountId(_books.NodeAt(slot).Tag), new MarketId(holding.Market), holding.Outcome, holding.Purse);
        return RejectReason.None;
    }
}
