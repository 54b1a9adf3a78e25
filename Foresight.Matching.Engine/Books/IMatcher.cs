namespace Foresight.Matching.Engine.Books;

/// <summary>
/// Implemented by structs, so that each use compiles to its own loop with the calls inlined. The book holds references into its tables
/// during a call, so an implementation must not change the books.
/// </summary>
internal interface IMatcher
{
    /// <summary>
    /// Returns how many lots to trade, at most the lesser of what the maker and the taker have left: the book does not check it, and more
    /// would make a quantity negative. 0 ends the matching; <see cref="Remove"/> removes the maker without a trade.
    /// </summary>
    long Admit(int slot, ref Node maker, int key, long quantity);

    /// <summary>With nothing left the maker's slot is already free and may be reused, so the implementation must not keep it.</summary>
    void OnFill(int slot, int tag, int key, long quantity, long makerLeft);

    /// <summary>Returns false to end the matching although lots are left, because self-trade prevention may cancel the taker too.</summary>
    bool OnRemoved(int slot, int tag, int key, long quantity);

    const long Remove = -1;
}
