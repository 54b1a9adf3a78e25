using Dapper;
using Foresight.Chain;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Postgres;

namespace Foresight.Api.Operations.Decisions;

/// <param name="Subject">Null: any.</param>
/// <param name="Actor">Null: any.</param>
public sealed record DecisionFilter(TimeSpan Period, string? Subject = null, string? Actor = null);

/// <summary>Reads the primary, because an operator looks for what was decided just now.</summary>
public sealed class DecisionLogReader(Database database, TimeProvider clock)
{
    public const int Rows = 500;

    /// <summary>Entries about discrepancies that are read: four of the largest bulk decisions, in some 20 ms.</summary>
    private const int MaxEntries = 4 * DecisionLimits.Bulk;

    /// <summary>
    /// Without what the reconciler found, reopened or repaired by itself, which no operator decided: it has no key. A bulk decision is one
    /// row, because it would otherwise leave no place for any other.
    /// </summary>
    private const string Query = """
        SELECT at, actor, key, subject, id, address, name, action, from_state AS fromState, to_state AS toState, note, batch, subjects
        FROM (
            (SELECT max(at) AS at, actor, key_name AS key, 'discrepancy' AS subject, min(discrepancy_id) AS id, NULL::bytea AS address,
                NULL AS name, action, from_state, to_state, note, batch_id AS batch, max(audit_id) AS audit_id, count(*)::int AS subjects
             FROM (SELECT * FROM discrepancy_audit
                WHERE at >= @since AND (key_name IS NOT NULL OR actor NOT IN ('reconciler', 'auto-fix'))
                    AND (@actor::text IS NULL OR actor = @actor) AND coalesce(@subject::text, 'discrepancy') = 'discrepancy'
                ORDER BY at DESC, audit_id DESC LIMIT @entries) AS newest
             GROUP BY batch_id, CASE WHEN batch_id IS NULL THEN audit_id END, actor, key_name, action, from_state, to_state, note
             ORDER BY max(at) DESC, max(audit_id) DESC LIMIT @rows)
            UNION ALL
            (SELECT at, actor, key_name, 'offender', NULL, address, NULL, action, from_level, to_level, note, NULL, audit_id, 1
             FROM offender_audit
             WHERE at >= @since AND (@actor::text IS NULL OR actor = @actor) AND coalesce(@subject::text, 'offender') = 'offender'
             ORDER BY at DESC LIMIT @rows)
            UNION ALL
            (SELECT at, actor, key_name, CASE WHEN market_id IS NULL THEN 'proposal' ELSE 'market' END,
                coalesce(market_id, proposal_id), NULL, NULL, action, from_state, to_state, note, NULL, audit_id, 1
             FROM market_audit
             WHERE at >= @since AND (@actor::text IS NULL OR actor = @actor)
                AND (@subject::text IS NULL OR @subject = CASE WHEN market_id IS NULL THEN 'proposal' ELSE 'market' END)
             ORDER BY at DESC LIMIT @rows)
            UNION ALL
            (SELECT started_at, requested_by, requested_key, 'run', run_id, NULL, NULL, CASE WHEN dry_run THEN 'dry_run' ELSE 'run' END,
                NULL, NULL, reason, NULL, run_id, 1
             FROM reconciliation_runs
             WHERE started_at >= @since AND requested_key IS NOT NULL AND (@actor::text IS NULL OR requested_by = @actor)
                AND coalesce(@subject::text, 'run') = 'run'
             ORDER BY started_at DESC LIMIT @rows)
            UNION ALL
            (SELECT at, actor, key_name, subject, NULL, NULL, subject_id, action, from_state, to_state, note, NULL, audit_id, 1
             FROM operator_audit
             WHERE at >= @since AND (@actor::text IS NULL OR actor = @actor) AND (@subject::text IS NULL OR subject = @subject)
             ORDER BY at DESC LIMIT @rows)) AS decisions
        ORDER BY at DESC, subject, audit_id DESC LIMIT @rows
        """;

    public async Task<DecisionLog> ReadAsync(DecisionFilter filter, CancellationToken cancellationToken)
    {
        var since = clock.GetUtcNow() - filter.Period;
        var rows = await database.ReadPrimaryAsync(
            "decisions",
            async (connection, cancellationToken) =>
                (
                    await connection.QueryAsync<Row>(
                        new CommandDefinition(
                            Query,
                            new
                            {
                                since = since.UtcDateTime,
                                subject = filter.Subject,
                                actor = filter.Actor,
                                rows = Rows + 1,
                                entries = MaxEntries,
                            },
                            cancellationToken: cancellationToken
                        )
                    )
                ).AsList(),
            cancellationToken
        );
        var isCut =
            rows.Count > Rows || rows.Where(row => row.Subject == DecisionSubjects.Discrepancy).Sum(row => row.Subjects) >= MaxEntries;
        return new DecisionLog(since, [.. rows.Take(Rows).Select(row => row.View)], isCut);
    }

    private sealed class Row
    {
        public DateTime At { get; init; }
        public string Actor { get; init; } = "";
        public string? Key { get; init; }
        public string Subject { get; init; } = "";
        public long? Id { get; init; }
        public byte[]? Address { get; init; }
        public string? Name { get; init; }
        public string Action { get; init; } = "";
        public string? FromState { get; init; }
        public string? ToState { get; init; }
        public string? Note { get; init; }
        public Guid? Batch { get; init; }
        public int Subjects { get; init; }

        public DecisionView View =>
            new(
                At,
                Actor,
                Key,
                Subject,
                Name ?? (Address is { } address ? new Address(address).ToString() : $"{Id}"),
                Action,
                FromState,
                ToState,
                Note,
                Batch,
                Subjects
            );
    }
}
