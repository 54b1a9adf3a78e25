namespace Foresight.Matching.Engine.Books;

/// <summary>
/// One resting order, or one price level. A level is a circular list of its orders whose sentinel is itself a node, so that linking and
/// unlinking need no branch for the ends. Orders have positive indices, levels negative ones; 0 is none.
/// </summary>
internal struct Node
{
    /// <summary>Order: lots left. Level: total lots of its orders.</summary>
    public long Quantity;

    /// <summary>Order: the next in the queue, or the level after the last. Level: its first order, or itself when empty.</summary>
    public int Next;

    /// <summary>Order: the previous in the queue, or the level before the first. Level: its last order, or itself when empty.</summary>
    public int Previous;

    /// <summary>Order: its level, 0 if the slot is free. Level: its ladder.</summary>
    public int Level;

    /// <summary>Order: 32 bits for the caller, here the account. Level: its key.</summary>
    public int Tag;
}
