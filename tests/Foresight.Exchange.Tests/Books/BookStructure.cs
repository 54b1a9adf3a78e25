using Foresight.Exchange.Books;

namespace Foresight.Exchange.Tests.Books;

/// <summary>
/// Checks that the linked lists, totals, bitmaps and best levels of all books agree with each other, and that no book is crossed.
/// </summary>
internal static class BookStructure
{
    public static void Check(ExchangeEngine engine)
    {
        var books = engine.Books;
        var orders = 0;
        for (var ladder = 0; ladder < books.LadderCount; ladder++)
            orders += CheckLadder(books, ladder);
        Assert.Equal(books.CountOrders(), orders);
        Assert.Equal(engine.OpenOrders, orders);
        for (var bids = 0; bids < books.LadderCount; bids += 2)
        {
            var (bid, ask) = (books.LadderAt(bids).BestKey, books.LadderAt(bids + 1).BestKey);
            Assert.True(bid == Ladder.NoKey || ask == Ladder.NoKey || Price.TicksPerUnit - bid < ask, "a book is crossed");
        }

        foreach (var book in Enumerable.Range(0, books.LadderCount / 2).GroupBy(book => books.LadderAt(book * 2).Market))
            CheckSets(books, [.. book]);
    }

    /// <summary>No complete set is left unminted or unmerged.</summary>
    private static void CheckSets(OrderBooks books, int[] outcomes)
    {
        if (outcomes.Length == 1)
            return;
        var bids = outcomes.Select(book => books.LadderAt(book * 2).BestKey).ToList();
        var asks = outcomes.Select(book => books.LadderAt(book * 2 + 1).BestKey).ToList();
        Assert.True(
            bids.Contains(Ladder.NoKey) || bids.Sum(key => Price.TicksPerUnit - key) < Price.TicksPerUnit, "the bids could mint a set");
        Assert.True(asks.Contains(Ladder.NoKey) || asks.Sum() > Price.TicksPerUnit, "the asks could merge a set");
    }

    private static int CheckLadder(OrderBooks books, int ladder)
    {
        var orders = 0;
        var last = 0;
        ref readonly var side = ref books.LadderAt(ladder);
        if (side.BestLevel == 0)
            Assert.Equal(Ladder.NoKey, side.BestKey);
        else
            Assert.Equal(side.BestKey, books.NodeAt(side.BestLevel).Tag);

        // Every level that has orders is reached by walking from the best, and the walk meets only such.
        var walked = new HashSet<int>();
        for (var level = side.BestLevel; level != 0; level = books.LevelAfter(ladder, last))
        {
            ref readonly var queue = ref books.NodeAt(level);
            Assert.True(queue.Tag > last, "levels ascend");
            last = queue.Tag;
            walked.Add(last);
            Assert.Equal(ladder, queue.Level);
            Assert.Equal(level, books.LevelOf(ladder, last));
            Assert.True(queue.Next > 0, "a level that is marked has orders");
            long total = 0;
            var previous = level;
            for (var slot = queue.Next; slot > 0; slot = books.NodeAt(slot).Next)
            {
                ref readonly var order = ref books.NodeAt(slot);
                Assert.Equal(previous, order.Previous);
                Assert.Equal(level, order.Level);
                Assert.True(order.Quantity > 0, "a resting order has something left");
                total += order.Quantity;
                previous = slot;
                orders++;
            }

            Assert.Equal(previous, queue.Previous);
            Assert.Equal(total, queue.Quantity);
        }

        for (var key = 0; key <= Price.MaxTicks; key++)
        {
            var level = books.LevelOf(ladder, key);
            if (level == 0)
            {
                // Its whole page was never used.
                key |= Ladder.PageLevels - 1;
                continue;
            }

            ref readonly var empty = ref books.NodeAt(level);
            if (!walked.Contains(key) && (empty.Next != level || empty.Previous != level || empty.Quantity != 0))
                Assert.Fail($"level {key} is empty but not clean");
        }

        return orders;
    }
}
