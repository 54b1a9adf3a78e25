namespace Foresight.Matching.Engine.Books;

/// <summary>Walks the orders of a ladder in the order in which they would trade, without touching them.</summary>
internal struct BookCursor
{
    private readonly int _ladder;

    /// <summary>The order it stands at, 0 at the end.</summary>
    public int Slot;

    /// <summary>Key of that order, <see cref="Ladder.NoKey"/> at the end.</summary>
    public int Key;

    /// <summary>What that order has left in the walk.</summary>
    public long Left;

    public BookCursor(OrderBooks books, int ladder)
    {
        _ladder = ladder;
        Enter(books, books.LadderAt(ladder).BestLevel);
    }

    /// <summary>Uses up some of the order, and goes on to the next when nothing is left of it.</summary>
    public void Take(OrderBooks books, long quantity)
    {
        Left -= quantity;
        if (Left == 0)
            Skip(books);
    }

    /// <summary>Goes on to the next order.</summary>
    public void Skip(OrderBooks books)
    {
        var next = books.NodeAt(Slot).Next;
        if (next > 0)
        {
            Slot = next;
            Left = books.NodeAt(next).Quantity;
        }
        else
        {
            Enter(books, books.LevelAfter(_ladder, Key));
        }
    }

    private void Enter(OrderBooks books, int level)
    {
        if (level == 0)
        {
            Slot = 0;
            Key = Ladder.NoKey;
            Left = 0;
            return;
        }

        ref readonly var queue = ref books.NodeAt(level);
        Slot = queue.Next;
        Key = queue.Tag;
        Left = books.NodeAt(Slot).Quantity;
    }
}
