using Foresight.Matching.Engine.Books;

namespace Foresight.Matching.Engine;

public sealed partial class ExchangeEngine
{
    /// <summary>
    /// Walks the same orders as matching would, without changing them, because a refusal must leave no trace. True also if the budget
    /// is used up first.
    /// </summary>
    private bool CanFill(in IncomingOrder order, long quantity)
    {
        var direct = new BookCursor(_books, order.Against, order.FirmOnly);
        Span<BookCursor> others = stackalloc BookCursor[ExchangeLimits.MaxOutcomes - 1];
        others = CursorsOfSet(order, others);
        var wanted = quantity;
        var budget = order.Budget;
        var firmTrades = _firmTrades;
        while (quantity > 0)
        {
            var setKey = SetKeyOf(order, others);
            var isDirect = direct.Key <= setKey;
            var key = isDirect ? direct.Key : setKey;
            if (key > order.LimitKey)
                return false;
            // What is left of the budget buys no further lot, so it is used up if anything was bought. An own order here is no reason to
            // refuse: matching ends before it.
            if (budget < key)
                return quantity < wanted;

            ref var own = ref isDirect ? ref OwnOf(order, ref direct) : ref OwnOf(order, others);
            if (!System.Runtime.CompilerServices.Unsafe.IsNullRef(ref own))
            {
                if (order.SelfTradePrevention != SelfTradePrevention.CancelOldest)
                    return false;
                own.Skip(_books);
                continue;
            }

            if (order.Purse == Purse.Vault && (isDirect ? IsVault(direct.Slot) : AreVault(others)) && ++firmTrades > _firmAllotment)
                return false;
            var fill = Math.Min(quantity, isDirect ? direct.Left : LeastLeft(others));
            if (budget != long.MaxValue)
            {
                if (budget / key < fill)
                    return true;
                budget -= fill * key;
            }

            quantity -= fill;
            if (budget == 0)
                return true;
            if (isDirect)
                direct.Take(_books, fill);
            else
                Take(others, fill);
        }

        return true;
    }

    private int SetKeyOf(in IncomingOrder order, ReadOnlySpan<BookCursor> others)
    {
        if (others.IsEmpty)
            return Ladder.NoKey;
        var sum = 0;
        foreach (ref readonly var other in others)
        {
            if (other.Slot == 0)
                return Ladder.NoKey;
            sum += PriceOf(order.Side, other.Key);
        }

        return SetKeyOf(order, sum);
    }

    private ref BookCursor OwnOf(in IncomingOrder order, ref BookCursor direct)
    {
        if (_books.NodeAt(direct.Slot).Tag == order.Account)
            return ref direct;
        return ref System.Runtime.CompilerServices.Unsafe.NullRef<BookCursor>();
    }

    private ref BookCursor OwnOf(in IncomingOrder order, Span<BookCursor> others)
    {
        foreach (ref var other in others)
        {
            if (_books.NodeAt(other.Slot).Tag == order.Account)
                return ref other;
        }

        return ref System.Runtime.CompilerServices.Unsafe.NullRef<BookCursor>();
    }

    private static long LeastLeft(ReadOnlySpan<BookCursor> others)
    {
        var least = long.MaxValue;
        foreach (ref readonly var other in others)
            least = Math.Min(least, other.Left);
        return least;
    }

    private void Take(Span<BookCursor> others, long quantity)
    {
        foreach (ref var other in others)
            other.Take(_books, quantity);
    }
}
