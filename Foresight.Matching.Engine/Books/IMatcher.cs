namespace Foresight.Matching.Engine.Books;

/// <summary>
/// What the book asks and tells while an order is matched. A struct, so that each use compiles to its own loop with these inlined.
/// Must not change the books.
/// </summary>
internal interface IMatcher
{
    /// <summary>
    /// Called for each maker in its turn: how many lots to trade with it, at most the lesser of what it and the taker have left. 0 ends the
    /// matching; <see cref="Remove"/> takes the maker out without a trade.
    /// </summary>
    long Admit(int slot, ref Node maker, int key, long quantity);

    /// <summary>The maker traded; with nothing left it is out of the book and its slot is free again.</summary>
    void OnFill(int slot, int tag, int key, long quantity, long makerLeft);

    /// <summary>The maker was taken out on this matcher's wish. Returns whether matching goes on.</summary>
    bool OnRemoved(int slot, int tag, int key, long quantity);

    /// <summary>Answer of <see cref="Admit"/>: take the maker out and go on.</summary>
    const long Remove = -1;
}
