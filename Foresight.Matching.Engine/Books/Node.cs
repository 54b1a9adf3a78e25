namespace Foresight.Matching.Engine.Books;

/// <summary>
/// One resting order, or one price level. A level is a circular list of its orders whose sentinel is itself a node, so that linking and
/// unlinking have no branch for the ends. Orders have indices from 1, levels have indices below 0, 0 is nothing.
/// </summary>
internal struct Node
{
    /// <summary>Order: lots left. Level: lots of all its orders.</summary>
    public long Quantity;

    /// <summary>Order: the next in the queue, or the level behind the last. Level: its first order, or itself when empty.</summary>
    public int Next;

    /// <summary>
    /// Order: the one before it in the queue, or the level before the first. Level: its last order, or itself when empty.
    /// </summary>
    public int Previous;

    /// <summary>Order: its level, 0 when the slot is free. Level: its ladder.</summary>
    public int Level;

    /// <summary>Order: 32 bits for the book's user, here the account. Level: its key.</summary>
    public int Tag;
}
