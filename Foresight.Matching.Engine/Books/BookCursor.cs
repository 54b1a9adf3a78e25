namespace Foresight.Matching.Engine.Books;

/// <summary>Walks the orders of a ladder in the order in which they would trade, without changing them.</summary>
internal struct BookCursor
{
    private readonly int _ladder;

    /// <summary>Slot of the current order; 0 at the end.</summary>
    public int Slot;

    /// <summary>Key of the current order; <see cref="Ladder.NoKey"/> at the end.</summary>
    public int Key;

    /// <summary>Lots of the current order that the walk has not used.</summary>
    public long Left;

    public BookCursor(OrderBooks books, int ladder)
    {
        _ladder = ladder;
        Enter(books, books.LadderAt(ladder).BestLevel);
    }

    public void Take(OrderBooks books, long quantity)
    {
        Left -= quantity;
        if (Left == 0)
            Skip(books);
    }

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
