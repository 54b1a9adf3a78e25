namespace Foresight.Protocol;

// Accounts whose trades failed by their own doing: GET /admin/offenders, GET /admin/offenders/{address}, POST
// /admin/offenders/{address}/reset.

/// <param name="Level">clear, capped (the worth of its open orders is bounded), refused (no new orders).</param>
/// <param name="ImprovesAt">When the level is a better one, without a new strike; null when it is clear.</param>
/// <param name="ByReason">How many of its counting strikes had which reason.</param>
public sealed record OffenderView(
    string Address,
    string Level,
    int Points,
    DateTimeOffset? ImprovesAt,
    int Strikes,
    IReadOnlyDictionary<string, int> ByReason,
    DateTimeOffset LastAt
);

/// <param name="WaivedAt">Set by a reset: it does not count any more.</param>
public sealed record StrikeView(long TradeId, string Reason, int Points, DateTimeOffset At, DateTimeOffset? WaivedAt);

/// <param name="Actor">Who it was, as they said.</param>
/// <param name="Waived">How many strikes do not count any more by it.</param>
/// <param name="Key">Name of the key that they showed; null: from before it was kept.</param>
public sealed record OffenderAuditView(DateTimeOffset At, string Actor, string Action, int Waived, string Note, string? Key = null);

/// <param name="Strikes">The newest 100, waived or faded ones too.</param>
public sealed record OffenderDetail(OffenderView Offender, IReadOnlyList<StrikeView> Strikes, IReadOnlyList<OffenderAuditView> Audit);

/// <param name="Note">Why, 1..2000 characters; kept.</param>
public sealed record ResetOffenderRequest(string Note);
