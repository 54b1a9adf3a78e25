using System.Text.Json;
using Foresight.Matching.Leadership;
using Npgsql;
using NpgsqlTypes;
using static Foresight.Matching.Reconciliation.ReconciliationJournal;

namespace Foresight.Matching.Reconciliation;

/// <summary>
/// Each repair is one transaction behind the fence that changes the journal's row, resolves the discrepancy and audits both sides of the
/// change, so that no change goes unaudited.
/// </summary>
public sealed class RepairJournal(ReconciliationJournal journal)
{
    private const string Actor = "auto-fix";

    // $1 key, $2 run, $3 before, $4 after, $5 kind. If "changed", the repair's own update, changed no row, nothing else is written: the
    // repair was decided about a row that has changed since.
    private const string Audited = """
        resolved AS (
            UPDATE discrepancies d SET state = 'resolved', note = 'Repaired by run ' || $2 || '.', changed_by = @actor, changed_at = now(),
                ignored_until = NULL, second_action = NULL, second_by = NULL, second_key = NULL, second_at = NULL
            FROM discrepancies old
            WHERE d.natural_key = $1 AND old.discrepancy_id = d.discrepancy_id AND EXISTS (SELECT FROM changed)
            RETURNING d.discrepancy_id, old.state),
        audited AS (
            INSERT INTO discrepancy_audit (discrepancy_id, actor, action, from_state, to_state, note, before, after)
            SELECT discrepancy_id, @actor, 'repair', state, 'resolved', 'By run ' || $2 || '.', $3::jsonb, $4::jsonb FROM resolved),
        repaired AS (
            INSERT INTO reconciliation_repairs (run_id, natural_key, kind, state, before, after)
            SELECT $2, $1, $5, 'done', $3::jsonb, $4::jsonb FROM changed ON CONFLICT (run_id, natural_key) DO NOTHING),
        counted AS (UPDATE reconciliation_runs SET repaired = repaired + 1 WHERE run_id = $2 AND EXISTS (SELECT FROM changed))
        SELECT count(*) FROM changed
        """;

    /// <summary>
    /// False if the row has changed since the comparison; nothing is written then, because the repair was decided about the row as it was.
    /// </summary>
    public async Task<bool> SettleAsync(Term term, long runId, TradeRepair repair, CancellationToken cancellationToken)
    {
        var was = repair.Journal;
        return await journal.ExecuteAsync(
                term,
                cancellationToken,
                Sql(
                    $"""
                    WITH changed AS (
                        UPDATE trades SET settlement = 'final', settlement_reason = NULL, tx_hash = $6, block_number = $7,
                            settled_at = now(), settlement_changed_at = now()
                        WHERE trade_id = $8 AND settlement = $9 AND block_number IS NOT DISTINCT FROM $10 RETURNING trade_id),
                    {Audited.Replace("@actor", $"'{Actor}'")}
                    """,
                    [
                        .. Common(runId, repair),
                        new NpgsqlParameter { Value = Convert.FromHexString(repair.Place.TransactionHash.AsSpan(2)) },
                        Number(repair.Place.Block),
                        Number(was.TradeId),
                        Text(was.State),
                        new NpgsqlParameter { Value = (object?)was.Block ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Bigint },
                    ]
                )
            ) == 1;
    }

    /// <summary>Idempotent, because the next run repeats a repair whose outcome was not seen.</summary>
    public async Task<bool> RecordAsync(Term term, long runId, FillRepair repair, CancellationToken cancellationToken) =>
        await journal.ExecuteAsync(
            term,
            cancellationToken,
            Sql(
                $"""
                WITH changed AS (
                    INSERT INTO chain_fills (natural_key, market_id, tx_hash, log_index, block_number, fills, run_id)
                    VALUES ($1, $6, $7, $8, $9, $10::jsonb, $2) ON CONFLICT (natural_key) DO NOTHING RETURNING natural_key),
                {Audited.Replace("@actor", $"'{Actor}'")}
                """,
                [
                    .. Common(runId, repair),
                    new NpgsqlParameter { Value = repair.MarketId },
                    new NpgsqlParameter { Value = Convert.FromHexString(repair.Place.TransactionHash.AsSpan(2)) },
                    Number(repair.Place.LogIndex),
                    Number(repair.Place.Block),
                    Text(Evidence.Json(Evidence.Fills(repair.Fills))!),
                ]
            )
        ) == 1;

    public Task RefuseAsync(Term term, long runId, Repair repair, string reason, CancellationToken cancellationToken) =>
        journal.ExecuteAsync(term, cancellationToken, Note(runId, new PlannedRepair(repair, reason)));

    internal static NpgsqlBatchCommand Note(long runId, PlannedRepair planned) =>
        Sql(
            """
            INSERT INTO reconciliation_repairs (natural_key, run_id, before, after, kind, state, reason)
            VALUES ($1, $2, $3::jsonb, $4::jsonb, $5, $6, $7)
            ON CONFLICT (run_id, natural_key) DO NOTHING
            """,
            [.. Common(runId, planned.Repair), Text(planned.Refusal is null ? "planned" : "refused"), Nullable(planned.Refusal)]
        );

    private static NpgsqlParameter[] Common(long runId, Repair repair) =>
        [
            Text(repair.NaturalKey),
            Number(runId),
            Text(JsonSerializer.Serialize(repair.Before, JsonSerializerOptions.Web)),
            Text(JsonSerializer.Serialize(repair.After, JsonSerializerOptions.Web)),
            Text(repair.Kind),
        ];
}
