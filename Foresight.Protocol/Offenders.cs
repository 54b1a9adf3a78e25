namespace Foresight.Protocol;

// Accounts whose trades failed by their own doing: GET /admin/offenders, GET /admin/offenders/{address}, POST
// /admin/offenders/{address}/reset.

/// <param name="Level">clear, capped (the value of its open orders is bounded), refused (no new orders).</param>
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

/// <param name="WaivedAt">Time of the reset that waived the strike, which then no longer counts; null without one.</param>
public sealed record StrikeView(long TradeId, string Reason, int Points, DateTimeOffset At, DateTimeOffset? WaivedAt);

/// <param name="Actor">Name that the caller stated; not verified.</param>
/// <param name="Waived">Number of strikes that the reset waived.</param>
/// <param name="Key">Name of the admin key that authenticated the caller; null for entries from before it was recorded.</param>
public sealed record OffenderAuditView(DateTimeOffset At, string Actor, string Action, int Waived, string Note, string? Key = null);

/// <param name="Strikes">The newest 100, including waived and faded ones.</param>
public sealed record OffenderDetail(OffenderView Offender, IReadOnlyList<StrikeView> Strikes, IReadOnlyList<OffenderAuditView> Audit);

/// <param name="Note">Reason, 1 to 2,000 characters; stored in the audit trail.</param>
public sealed record ResetOffenderRequest(string Note);
