using System.Diagnostics.CodeAnalysis;

namespace Foresight.Matching.Engine.Orders;

/// <summary>
/// The engine's data of a resting order beyond its place in the book; its slot is that of its node. 32 bytes, two per cache line.
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
    /// The account's previous and next order, oldest first; at the ends the account's ring, at a negative index. In a ring: its newest and
    /// its oldest order.
    /// </summary>
    public int PreviousOfAccount;
    public int NextOfAccount;

    public int NextInBucket;

    // The holding's row in 27 bits, the outcome in 3, the side in 1, and 1 bit for membership of the expiry queue.
    private uint _packed;

    public readonly int HoldingRow => unchecked((int)(_packed & RowMask));

    /// <summary>In a ring, which is in no bucket: the number of its orders.</summary>
    [UnscopedRef]
    public ref int OpenOrders => ref NextInBucket;

    public readonly byte Outcome => unchecked((byte)((_packed >> OutcomeShift) & 7));

    public readonly Side Side => unchecked((Side)((_packed >> SideShift) & 1));

    public readonly bool Expires => _packed >> ExpiresShift != 0;

    public void SetTerms(int holdingRow, int outcome, Side side) =>
        _packed = unchecked((uint)holdingRow | ((uint)outcome << OutcomeShift) | ((uint)side << SideShift));

    public void SetExpires(bool expires) => _packed = unchecked((_packed & ~(1u << ExpiresShift)) | ((expires ? 1u : 0u) << ExpiresShift));
}
