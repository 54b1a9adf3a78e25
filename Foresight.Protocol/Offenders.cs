using System.Text.Json.Serialization;

namespace Foresight.Protocol;

/// <param name="ImprovesAt">Time at which the level improves if there is no new strike; null for clear.</param>
/// <param name="ByReason">Number of strikes that still count, by reason.</param>
public sealed record OffenderView(
    string Address,
    string Level,
    int Points,
    DateTimeOffset? ImprovesAt,
    int Strikes,
    IReadOnlyDictionary<string, int> ByReason,
    DateTimeOffset LastAt
);

/// <param name="WaivedAt">Time of the reset that waived the strike, so that it no longer counts; null without one.</param>
public sealed record StrikeView(long TradeId, string Reason, int Points, DateTimeOffset At, DateTimeOffset? WaivedAt);

/// <summary>What operators do about an account's strikes, as its audit trail has it.</summary>
public static class OffenderActions
{
    public const string Reset = "reset";
    public const string UndoReset = "undo_reset";
}

/// <param name="Actor">As the caller named itself, which proves nothing; <paramref name="Key"/> does.</param>
/// <param name="Action">One of <see cref="OffenderActions"/>.</param>
/// <param name="Waived">Number of strikes that the reset waived, or that its undoing restored.</param>
/// <param name="Key">Name of the admin key that authenticated the caller; null for entries from before it was recorded.</param>
public sealed record OffenderAuditView(DateTimeOffset At, string Actor, string Action, int Waived, string Note, string? Key = null);

/// <param name="Strikes">Only the newest 100, so that the answer stays bounded; waived and faded ones too.</param>
public sealed record OffenderDetail(OffenderView Offender, IReadOnlyList<StrikeView> Strikes, IReadOnlyList<OffenderAuditView> Audit);

/// <param name="Note">1 to 2,000 characters, required because the audit trail keeps the reason.</param>
public sealed record ResetOffenderRequest(string Note);

/// <param name="Note">1 to 2,000 characters, required because the audit trail keeps the reason.</param>
/// <param name="At">
/// Of the reset that is meant, as its audit entry has it; refused if the last one is another. Null: whichever is the last.
/// </param>
public sealed record UndoOffenderResetRequest(
    string Note,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateTimeOffset? At = null
);
