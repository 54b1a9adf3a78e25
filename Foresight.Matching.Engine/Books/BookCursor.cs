namespace Foresight.Matching.Engine.Books;

/// <summary>
/// Walks the orders as matching would, without changing them, because fill-or-kill needs the outcome before anything changes.
/// </summary>
internal struct BookCursor
{
    private readonly int _ladder;
    private readonly bool _isFirm;

    public int Slot;

    public int Key;

    public long Left;

    /// <param name="isFirm">Walks the firm orders alone.</param>
    public BookCursor(OrderBooks books, int ladder, bool isFirm = false)
    {
        (_ladder, _isFirm) = (ladder, isFirm);
        if (isFirm)
            EnterFirm(books, books.Firm.KeyAfter(ladder, 0));
        else
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
        var next = _isFirm ? books.Firm.Next(Slot) : books.NodeAt(Slot).Next;
        if (next > 0)
        {
            Slot = next;
            Left = books.NodeAt(next).Quantity;
        }
        else if (_isFirm)
        {
            EnterFirm(books, books.Firm.KeyAfter(_ladder, Key));
        }
        else
        {
            Enter(books, books.LevelAfter(_ladder, Key));
        }
    }

    private void EnterFirm(OrderBooks books, int key)
    {
        Key = key;
        Slot = key == Ladder.NoKey ? 0 : books.Firm.FirstOf(_ladder, key);
        Left = Slot == 0 ? 0 : books.NodeAt(Slot).Quantity;
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
