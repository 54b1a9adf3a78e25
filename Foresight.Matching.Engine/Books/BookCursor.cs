namespace Foresight.Matching.Engine.Books;

/// <summary>
/// Walks the orders as matching would, without changing them, because fill-or-kill needs the outcome before anything changes.
/// </summary>
internal struct BookCursor
{
    private readonly int _ladder;

    public int Slot;

    public int Key;

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
