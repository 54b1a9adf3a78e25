using System.Diagnostics.CodeAnalysis;

namespace Foresight.Matching.Engine.Orders;

/// <summary>
/// 32 bytes, two per cache line. Apart from the node, at the same slot, so that a walk through the book stays in the cache
/// (docs/decisions/0104).
/// </summary>
internal struct OrderRecord
{
    private const int OutcomeShift = 27;
    private const int SideShift = 30;
    private const int ExpiresShift = 31;
    private const uint RowMask = (1u << OutcomeShift) - 1;

    public long Number;
    public ulong SaltTag;

    /// <summary>
    /// Oldest first; at the ends the account's ring, at a negative index, so that linking needs no branch. In a ring: its newest and
    /// its oldest order.
    /// </summary>
    public int PreviousOfAccount;
    public int NextOfAccount;

    public int NextInBucket;

    // Row of the holding in 27 bits, outcome in 3, side in 1, and 1 bit for membership of the expiry queue: more would not
    // fit into 32 bytes.
    private uint _packed;

    public readonly int HoldingRow => unchecked((int)(_packed & RowMask));

    /// <summary>A ring is in no bucket, so this field is free for the number of its orders.</summary>
    [UnscopedRef]
    public ref int OpenOrders => ref NextInBucket;

    public readonly byte Outcome => unchecked((byte)((_packed >> OutcomeShift) & 7));

    public readonly Side Side => unchecked((Side)((_packed >> SideShift) & 1));

    public readonly bool Expires => _packed >> ExpiresShift != 0;

    public void SetTerms(int holdingRow, int outcome, Side side) =>
        _packed = unchecked((uint)holdingRow | ((uint)outcome << OutcomeShift) | ((uint)side << SideShift));

    public void SetExpires(bool expires) => _packed = unchecked((_packed & ~(1u << ExpiresShift)) | ((expires ? 1u : 0u) << ExpiresShift));
}
