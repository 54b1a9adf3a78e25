namespace Foresight.Matching.Engine.Books;

/// <summary>
/// One resting order, or one price level. A level is a circular list of its orders whose sentinel is itself a node, so that linking and
/// unlinking need no branch for the ends. Orders have positive indices, levels negative ones; 0 is none.
/// </summary>
internal struct Node
{
    /// <summary>Lots: what an order has left, or the sum over a level's orders, so that reading the depth needs no walk.</summary>
    public long Quantity;

    /// <summary>
    /// The next in the queue; after the last order the level, and in a level its first order, or itself when empty, so that no end needs a
    /// test.
    /// </summary>
    public int Next;

    public int Previous;

    /// <summary>
    /// In an order its level, so that a removal finds the queue without a search; 0 if the slot is free. In a level its ladder.
    /// </summary>
    public int Level;

    /// <summary>
    /// 32 bits for the caller, here the account: they show whether a slot that may have been reused still holds the order. A level's key.
    /// </summary>
    public int Tag;
}
