using System.Runtime.CompilerServices;
using Foresight.Matching.Engine.Books;

namespace Foresight.Matching.Engine;

// An order for firm offers alone passes over the others, which keep their place in the queue. It never rests, so the book is not crossed
// afterwards. It walks the queues of the firm orders (FirmDepth), so the others cost it nothing, however many they are.
public sealed partial class ExchangeEngine
{
    private long MatchFirmOnly<TEvents>(ref IncomingOrder order, long quantity, ref TEvents events)
        where TEvents : struct, IExchangeEvents
    {
        var direct = new BookCursor(_books, order.Against, isFirm: true);
        Span<BookCursor> others = stackalloc BookCursor[ExchangeLimits.MaxOutcomes - 1];
        others = CursorsOfSet(order, others);
        while (quantity > 0 && order.Stopped == CancelReason.None)
        {
            var setKey = SetKeyOf(order, others);
            var isDirect = direct.Key <= setKey;
            var key = isDirect ? direct.Key : setKey;
            if (key > order.LimitKey)
                break;
            if (order.IsSpent(key))
            {
                order.Stopped = CancelReason.BudgetSpent;
                break;
            }

            ref var own = ref isDirect ? ref OwnOf(order, ref direct) : ref OwnOf(order, others);
            if (!Unsafe.IsNullRef(ref own))
            {
                PreventFirmSelfTrade(ref order, ref own, ref events);
                continue;
            }

            if (_firmTrades >= _firmAllotment)
            {
                order.Stopped = CancelReason.FirmUnavailable;
                break;
            }

            var fill = Math.Min(quantity, isDirect ? direct.Left : LeastLeft(others));
            if (order.Budget != long.MaxValue)
                fill = WithinBudget(ref order, key, fill);
            if (isDirect)
                TakeFirm(ref order, ref direct, fill, ref events);
            else
                TakeFirmSet(ref order, setKey, others, fill, ref events);
            quantity -= fill;
        }

        return quantity;
    }

    private bool MeetsItselfFirstAmongFirm(in IncomingOrder order)
    {
        var direct = new BookCursor(_books, order.Against, isFirm: true);
        Span<BookCursor> others = stackalloc BookCursor[ExchangeLimits.MaxOutcomes - 1];
        others = CursorsOfSet(order, others);
        var setKey = SetKeyOf(order, others);
        var isDirect = direct.Key <= setKey;
        var key = isDirect ? direct.Key : setKey;
        if (key > order.LimitKey || order.IsSpent(key))
            return false;
        return !Unsafe.IsNullRef(ref isDirect ? ref OwnOf(order, ref direct) : ref OwnOf(order, others));
    }

    private Span<BookCursor> CursorsOfSet(in IncomingOrder order, Span<BookCursor> into)
    {
        into = into[..Math.Max(order.SetOutcomes - 1, 0)];
        for (var leg = 0; leg < into.Length; leg++)
            into[leg] = new BookCursor(_books, order.LadderOfOutcome(leg < order.Outcome ? leg : leg + 1), order.FirmOnly);
        return into;
    }

    /// <summary>The cursor moves on before its order goes, because a removed slot has no next one.</summary>
    private void PreventFirmSelfTrade<TEvents>(ref IncomingOrder order, ref BookCursor own, ref TEvents events)
        where TEvents : struct, IExchangeEvents
    {
        var slot = own.Slot;
        if (order.SelfTradePrevention != SelfTradePrevention.CancelNewest)
        {
            own.Skip(_books);
            Cancel(slot, CancelReason.SelfTrade, ref events);
        }

        if (order.SelfTradePrevention != SelfTradePrevention.CancelOldest)
            order.Stopped = CancelReason.SelfTrade;
    }

    private void TakeFirm<TEvents>(ref IncomingOrder order, ref BookCursor maker, long quantity, ref TEvents events)
        where TEvents : struct, IExchangeEvents
    {
        var (slot, key) = (maker.Slot, maker.Key);
        maker.Take(_books, quantity);
        ref readonly var node = ref _books.NodeAt(slot);
        var (account, left) = (node.Tag, node.Quantity - quantity);
        if (left == 0)
            _books.Remove(slot);
        else
            _books.Shrink(slot, quantity);
        Trade(ref order, slot, account, key, quantity, left, ref events);
    }

    private void TakeFirmSet<TEvents>(ref IncomingOrder order, int setKey, Span<BookCursor> others, long quantity, ref TEvents events)
        where TEvents : struct, IExchangeEvents
    {
        Span<int> makers = stackalloc int[ExchangeLimits.MaxOutcomes - 1];
        Span<int> prices = stackalloc int[ExchangeLimits.MaxOutcomes - 1];
        makers = makers[..others.Length];
        prices = prices[..others.Length];
        for (var leg = 0; leg < others.Length; leg++)
        {
            makers[leg] = others[leg].Slot;
            prices[leg] = PriceOf(order.Side, others[leg].Key);
        }

        Take(others, quantity);
        TradeSet(ref order, setKey, makers, prices, quantity, ref events);
    }
}
