namespace Foresight.Exchange.Orders;

/// <summary>What the exchange knows of a resting order beyond its place in the book; same slot as its node.</summary>
internal struct OrderRecord
{
    /// <summary>The order's id without the shard; 0 when the slot is free.</summary>
    public long Number;
    public ulong SaltTag;

    /// <summary>Orders of the same account, oldest first; 0 at the ends.</summary>
    public int PreviousOfAccount;
    public int NextOfAccount;

    /// <summary>The next slot of the same hash bucket, 0 at the end.</summary>
    public int NextInBucket;

    /// <summary>The holding that the order reserves from: collateral for a buy, the outcome's shares for a sell.</summary>
    public int HoldingRow;

    /// <summary>Place in the expiry queue, 0 when the order has no expiry.</summary>
    public int ExpiryPosition;

    public byte Outcome;
    public Side Side;
}
