using System.Runtime.CompilerServices;
using Foresight.Matching.Engine.Orders;

namespace Foresight.Matching.Engine;

public sealed partial class ExchangeEngine
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private RejectReason CancelOne<TEvents>(in Command command, ref TEvents events)
        where TEvents : struct, IExchangeEvents
    {
        var slot = FindOrder(command.Order);
        if (slot == 0)
            return RejectReason.UnknownOrder;

        var account = command.Account.Value;
        if (account != 0 && account != _books.NodeAt(slot).Tag)
            return RejectReason.NotOwner;
        Cancel(slot, account == 0 ? CancelReason.Administrator : CancelReason.Requested, ref events);
        return RejectReason.None;
    }

    /// <summary>
    /// True if a cancel by this salt would meet an open order, also one that is due to expire at its time. Changes nothing.
    /// </summary>
    public bool HasOrderOfSalt(AccountId account, MarketId market, ulong saltTag)
    {
        var slot = _orders.RingOf(account.Value).NextOfAccount;
        while (slot > 0)
        {
            ref readonly var order = ref _orders.At(slot);
            if (order.SaltTag == saltTag && IsIn(slot, market))
                return true;
            slot = order.NextOfAccount;
        }

        return false;
    }

    private RejectReason CancelBySalt<TEvents>(in Command command, ref TEvents events)
        where TEvents : struct, IExchangeEvents
    {
        var found = false;
        var slot = _orders.RingOf(command.Account.Value).NextOfAccount;
        while (slot > 0)
        {
            ref readonly var order = ref _orders.At(slot);
            var next = order.NextOfAccount;
            if (order.SaltTag == command.SaltTag && IsIn(slot, command.Market))
            {
                Cancel(slot, CancelReason.Requested, ref events);
                found = true;
            }

            slot = next;
        }

        return found ? RejectReason.None : RejectReason.UnknownOrder;
    }

    private RejectReason CancelAllOfAccount<TEvents>(in Command command, ref TEvents events)
        where TEvents : struct, IExchangeEvents
    {
        var slot = _orders.RingOf(command.Account.Value).NextOfAccount;
        while (slot > 0)
        {
            var next = _orders.At(slot).NextOfAccount;
            if (IsIn(slot, command.Market))
                Cancel(slot, CancelReason.Requested, ref events);
            slot = next;
        }

        return RejectReason.None;
    }

    private RejectReason CancelAllOfMarket<TEvents>(in Command command, ref TEvents events)
        where TEvents : struct, IExchangeEvents
    {
        if (!_markets.Has(command.Market.Value))
            return RejectReason.InvalidMarket;
        CancelAllOf(command.Market.Value, CancelReason.Administrator, ref events);
        return RejectReason.None;
    }

    private void CancelAllOf<TEvents>(int market, CancelReason reason, ref TEvents events)
        where TEvents : struct, IExchangeEvents
    {
        ref readonly var row = ref _markets.At(market);
        for (var ladder = row.FirstLadder; ladder < row.FirstLadder + row.Books * 2; ladder++)
        {
            while (_books.LadderAt(ladder).BestLevel is var level && level != 0)
                Cancel(_books.NodeAt(level).Next, reason, ref events);
        }
    }

    /// <summary>Newest first, and only while the holding is short, so that older orders keep their place.</summary>
    private void CancelUnfunded<TEvents>(int account, int holding, ref TEvents events)
        where TEvents : struct, IExchangeEvents
    {
        var slot = _orders.RingOf(account).PreviousOfAccount;
        while (slot > 0 && _holdings.At(holding).Available < 0)
        {
            ref readonly var order = ref _orders.At(slot);
            var older = order.PreviousOfAccount;
            if (order.HoldingRow == holding)
                Cancel(slot, CancelReason.Unfunded, ref events);
            slot = older;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Cancel<TEvents>(int slot, CancelReason reason, ref TEvents events)
        where TEvents : struct, IExchangeEvents
    {
        var left = _books.Remove(slot, out var ladder, out var key, out var account);
        Drop(slot, account, _books.LadderAt(ladder).Market, key, left, reason, ref events);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Drop<TEvents>(int slot, int account, int market, int key, long left, CancelReason reason, ref TEvents events)
        where TEvents : struct, IExchangeEvents
    {
        ref var order = ref _orders.At(slot);
        var number = order.Number;
        ref var holding = ref _holdings.At(order.HoldingRow);
        holding.OrderHold -= unchecked(left * HoldPerLot(order.Side, PriceOf(order.Side, key)));
        if (holding.Purse == Purse.Vault)
            _books.Firm.Take(_markets.Listed(market).LadderOf(order.Outcome, order.Side), key, slot, left, isGone: true);
        Forget(ref order, slot, account, market);
        events.OnCancelled(new OrderCancelled(OrderIdOf(number), new MarketId(market), new AccountId(account), new Quantity(left), reason));
        events.OnBalanceTouched(new AccountId(account), new MarketId(holding.Market), holding.Outcome, holding.Purse);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Forget(ref OrderRecord order, int slot, int account, int market)
    {
        if (order.Expires)
            _expiry.Remove(slot);
        _orders.Remove(ref order, slot, account);
        _markets.Listed(market).OpenOrders--;
    }

    private bool IsIn(int slot, MarketId market) =>
        market.Value == 0 || _books.LadderAt(_books.NodeAt(_books.NodeAt(slot).Level).Level).Market == market.Value;
}
