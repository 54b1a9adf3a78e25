using System.Collections;
using Foresight.Matching.Engine.Books;

namespace Foresight.Matching.Engine.Tests.Books;

internal static class BookStructure
{
    /// <param name="emptyLevels">Includes the levels without orders, which are many more and make the check slow.</param>
    public static void Check(ExchangeEngine engine, bool emptyLevels)
    {
        var books = engine.Books;
        var orders = 0;
        for (var ladder = 0; ladder < books.LadderCount; ladder++)
        {
            orders += CheckLadder(books, ladder);
            if (emptyLevels)
                CheckEmptyLevels(books, ladder);
        }

        Require(books.CountOrders() == orders && engine.OpenOrders == orders, "every order is in one place of one book");
        for (var bids = 0; bids < books.LadderCount; bids += 2)
        {
            var (bid, ask) = (books.LadderAt(bids).BestKey, books.LadderAt(bids + 1).BestKey);
            Require(bid == Ladder.NoKey || ask == Ladder.NoKey || Price.TicksPerUnit - bid < ask, "no book is crossed");
        }

        for (int first = 0, end; first < books.LadderCount; first = end)
        {
            // AddBook allocates the books of a market next to each other, so the next market follows the last of them.
            var market = books.LadderAt(first).Market;
            end = first + 2;
            while (end < books.LadderCount && books.LadderAt(end).Market == market)
                end += 2;
            if (end > first + 2)
                CheckSets(books, first, end);
        }
    }

    private static void CheckSets(OrderBooks books, int first, int end)
    {
        var (bids, asks, outcomes) = (0L, 0L, 0);
        for (var ladder = first; ladder < end; ladder += 2, outcomes++)
        {
            bids += books.LadderAt(ladder).BestKey;
            asks += books.LadderAt(ladder + 1).BestKey;
        }

        // Without orders the sums are out of the range in which a set could trade.
        Require(bids > Price.TicksPerUnit * (outcomes - 1), "the bids cannot mint a set");
        Require(asks > Price.TicksPerUnit, "the asks cannot merge a set");
    }

    private static int CheckLadder(OrderBooks books, int ladder)
    {
        var orders = 0;
        var (last, lastFirm) = (0, 0);
        ref readonly var side = ref books.LadderAt(ladder);
        Require(
            side.BestKey == (side.BestLevel == 0 ? Ladder.NoKey : books.NodeAt(side.BestLevel).Tag),
            "the best level is where its key is"
        );

        // A walk from the best level must reach exactly the levels that have orders.
        for (var level = side.BestLevel; level != 0; level = books.LevelAfter(ladder, last))
        {
            ref readonly var queue = ref books.NodeAt(level);
            Require(queue.Tag > last, "levels ascend");
            last = queue.Tag;
            Require(queue.Level == ladder && books.LevelOf(ladder, last) == level, "a level knows where it is");
            Require(queue.Next > 0, "a level that is marked has orders");
            var (total, firmTotal) = (0L, 0L);
            var previous = level;
            var firm = books.Firm.FirstOf(ladder, last);
            for (var slot = queue.Next; slot > 0; slot = books.NodeAt(slot).Next)
            {
                ref readonly var order = ref books.NodeAt(slot);
                Require(order.Previous == previous && order.Level == level, "an order is linked both ways");
                Require(order.Quantity > 0, "a resting order has something left");
                total += order.Quantity;
                if (slot == firm)
                {
                    firmTotal += order.Quantity;
                    firm = books.Firm.Next(slot);
                }

                previous = slot;
                orders++;
            }

            Require(queue.Previous == previous, "a queue ends where it says");
            Require(queue.Quantity == total, "a level has what its orders have");
            Require(
                firm == 0 && books.Firm.At(ladder, last) == firmTotal,
                "firm orders are queued as their level is, and have what it has"
            );
            if (firmTotal == 0)
                continue;
            Require(books.Firm.KeyAfter(ladder, lastFirm) == last, "a level with firm orders is the next one of these");
            lastFirm = last;
        }

        Require(books.Firm.KeyAfter(ladder, lastFirm) == Ladder.NoKey, "no other level has firm orders");

        return orders;
    }

    private static void CheckEmptyLevels(OrderBooks books, int ladder)
    {
        var walked = new BitArray(Price.TicksPerUnit);
        for (var level = books.LadderAt(ladder).BestLevel; level != 0; level = books.LevelAfter(ladder, books.NodeAt(level).Tag))
            walked[books.NodeAt(level).Tag] = true;
        for (var key = 0; key <= Price.MaxTicks; key++)
        {
            var level = books.LevelOf(ladder, key);
            if (level == 0)
            {
                // No level of the page was ever used, so it is skipped.
                key |= Ladder.PageLevels - 1;
                continue;
            }

            ref readonly var empty = ref books.NodeAt(level);
            Require(
                walked[key] || empty.Next == level && empty.Previous == level && empty.Quantity == 0,
                "a level that is not reached is clean"
            );
        }
    }

    /// <summary>Assert would be too slow: this is called hundreds of times per command of a stream.</summary>
    private static void Require(bool condition, string rule)
    {
        if (!condition)
            Assert.Fail($"broken: {rule}");
    }
}
