namespace Foresight.Matching.Engine.Books;

/// <summary>
/// The callbacks of the book while it matches an order. Implemented by structs, so that each use compiles to its own loop with the calls
/// inlined. Must not change the books.
/// </summary>
internal interface IMatcher
{
    /// <summary>
    /// Called for each maker in turn. Returns how many lots to trade with it, at most the lesser of what the maker and the taker have left.
    /// 0 ends the matching; <see cref="Remove"/> removes the maker without a trade.
    /// </summary>
    long Admit(int slot, ref Node maker, int key, long quantity);

    /// <summary>
    /// The maker traded. With nothing left its slot is already free and may be reused, so the implementation must not keep it.
    /// </summary>
    void OnFill(int slot, int tag, int key, long quantity, long makerLeft);

    /// <summary>
    /// The maker was removed because <see cref="Admit"/> returned <see cref="Remove"/>. Returns true to continue matching.
    /// </summary>
    bool OnRemoved(int slot, int tag, int key, long quantity);

    const long Remove = -1;
}
