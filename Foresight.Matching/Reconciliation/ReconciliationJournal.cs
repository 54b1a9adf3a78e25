using System.Numerics;
using Foresight.Matching.Leadership;
using Npgsql;
using NpgsqlTypes;

namespace Foresight.Matching.Reconciliation;

/// <summary>A failed run has no findings, because its reads are incomplete; its coverage shows what was not compared.</summary>
public sealed record RunResult(
    long RunId,
    string? Error,
    BlockRange Range,
    long TradesCompared,
    IReadOnlyList<Finding> Findings,
    IReadOnlyList<BlockRange> Covered,
    BlockRange? FailedRange,
    (long Block, byte[] Hash)? Cursor
)
{
    public BalanceTotals? Totals { get; init; }

    /// <summary>
    /// These holdings were not compared, so an existing discrepancy of theirs is neither confirmed nor gone. By natural key.
    /// </summary>
    public IReadOnlySet<string> Ahead { get; init; } = new HashSet<string>();

    /// <summary>Null if the vault was not compared, or there is none.</summary>
    public VaultCheck? Vault { get; init; }

    public long Untold { get; init; }

    public long? UntoldFrom { get; init; }

    public string? Note { get; init; }

    /// <summary>JSON by natural key.</summary>
    public IReadOnlyDictionary<string, string> Proof { get; init; } = new Dictionary<string, string>();
}

/// <summary>Each state change is one transaction behind the fence, so a holder that was replaced changes nothing.</summary>
public sealed class ReconciliationJournal(NpgsqlDataSource primary)
{
    public const string CursorName = "reconciliation";

    // The old state and evidence are read in the same statement, so a decision that an operator makes meanwhile is not overwritten: the row
    // lock of ON CONFLICT sees the committed state. For that reason the rule by which a run reopens a discrepancy is here and nowhere else:
    // an operator decided about the evidence at hand, so the same evidence does not reopen it. Other evidence under the same key does, and
    // so does a discrepancy that was resolved, disappeared and returned: its cause was not removed. An ignored one may disappear and
    // return.
    private const string UpsertFindings = """
        WITH found AS (
            SELECT natural_key, kind, severity, market_id, trade_id, tx_hash, block_number, summary, on_chain::jsonb AS on_chain,
                off_chain::jsonb AS off_chain, amount, proof::jsonb AS proof
            FROM unnest($2::text[], $3::text[], $4::text[], $5::int[], $6::bigint[], $7::bytea[], $8::bigint[], $9::text[], $10::text[],
                $11::text[], $12::bigint[], $13::text[])
                AS f (natural_key, kind, severity, market_id, trade_id, tx_hash, block_number, summary, on_chain, off_chain,
                    amount, proof)),
        before AS (SELECT d.* FROM discrepancies d JOIN found USING (natural_key)),
        upserted AS (
            INSERT INTO discrepancies AS d
                (natural_key, kind, severity, market_id, trade_id, tx_hash, block_number, summary, on_chain, off_chain, amount,
                    proof, last_run_id)
            SELECT natural_key, kind, severity, market_id, trade_id, tx_hash, block_number, summary, on_chain, off_chain, amount, proof, $1
            FROM found
            ON CONFLICT (natural_key) DO UPDATE SET
                last_seen_at = now(), last_run_id = excluded.last_run_id, severity = excluded.severity, summary = excluded.summary,
                on_chain = excluded.on_chain, off_chain = excluded.off_chain, amount = excluded.amount,
                proof = COALESCE(excluded.proof, d.proof), absent_since = NULL,
                state = CASE WHEN (d.state IN ('resolved', 'ignored')
                                   AND (d.on_chain IS DISTINCT FROM excluded.on_chain OR d.off_chain IS DISTINCT FROM excluded.off_chain))
                               OR (d.state = 'resolved' AND d.absent_since IS NOT NULL)
                        THEN 'reopened' ELSE d.state END
            RETURNING d.discrepancy_id, d.natural_key, d.state, d.xmax = 0 AS inserted, d.on_chain, d.off_chain),
        audited AS (
            INSERT INTO discrepancy_audit (discrepancy_id, actor, action, from_state, to_state, note)
            SELECT u.discrepancy_id, 'reconciler', CASE WHEN u.inserted THEN 'found' ELSE 'reopen' END, COALESCE(b.state, 'none'), u.state,
                   CASE WHEN u.inserted THEN NULL
                        WHEN b.on_chain IS DISTINCT FROM u.on_chain OR b.off_chain IS DISTINCT FROM u.off_chain
                            THEN 'Seen again with other evidence.'
                        ELSE 'Seen again after it was gone.' END
            FROM upserted u LEFT JOIN before b USING (natural_key)
            WHERE u.inserted OR (u.state = 'reopened' AND b.state IN ('resolved', 'ignored')))
        SELECT count(*) FILTER (WHERE inserted) FROM upserted
        """;

    // A discrepancy in the compared blocks that the run did not find is gone; those without a block are compared by every run.
    private const string MarkAbsent = """
        UPDATE discrepancies SET absent_since = now()
        WHERE absent_since IS NULL AND last_run_id IS DISTINCT FROM $1
          AND NOT (kind = 'missing_offchain' AND trade_id IS NULL AND block_number >= $6)
          AND CASE WHEN kind = 'balance_mismatch' THEN $4 AND natural_key <> ALL ($5)
                   WHEN kind IN ('withdrawal_mismatch', 'vault_mismatch') THEN $7 AND natural_key <> ALL ($5)
                   ELSE block_number IS NULL OR block_number BETWEEN $2 AND $3 END
        """;

    /// <summary>Runs whose coverage is kept in full: one every five minutes for a week.</summary>
    public const int CoverageRuns = 2_000;

    // Of older runs only the covered blocks matter: what failed or was undone there is a gap, or was covered by a later run.
    private const string FoldCoverage = """
        WITH old AS (DELETE FROM reconciliation_coverage WHERE run_id <= $1 RETURNING run_id, from_block, to_block, state, at),
        folded AS (SELECT unnest(range_agg(int8range(from_block, to_block, '[]'))) AS blocks FROM old WHERE state = 'covered')
        INSERT INTO reconciliation_coverage (run_id, from_block, to_block, state, at)
        SELECT (SELECT max(run_id) FROM old), lower(blocks), upper(blocks) - 1, 'covered', (SELECT max(at) FROM old WHERE state = 'covered')
        FROM folded
        """;

    /// <summary>The comparisons of a run that a previous holder left unfinished are lost, so it has failed.</summary>
    public Task FailAbandonedAsync(Term term, CancellationToken cancellationToken) =>
        ExecuteAsync(
            term,
            cancellationToken,
            Sql(
                """
                WITH abandoned AS (
                    UPDATE reconciliation_runs SET state = 'failed', finished_at = now(),
                        error = 'The node that ran it ended before the run did.'
                    WHERE state = 'running' RETURNING run_id, from_block, to_block, error)
                INSERT INTO reconciliation_coverage (run_id, from_block, to_block, state, error)
                SELECT run_id, from_block, to_block, 'failed', error FROM abandoned WHERE to_block >= from_block AND to_block > 0
                """
            )
        );

    /// <summary>Recorded before the run reads the blocks: if it never ends, they show as a gap.</summary>
    public Task PlanAsync(Term term, RunRow run, BlockRange range, CancellationToken cancellationToken) =>
        ExecuteAsync(
            term,
            cancellationToken,
            Sql(
                "UPDATE reconciliation_runs SET from_block = $2, to_block = $3 WHERE run_id = $1",
                Number(run.RunId),
                Number(range.FromBlock),
                Number(range.ToBlock)
            )
        );

    public Task ReopenDueAsync(Term term, CancellationToken cancellationToken) =>
        ExecuteAsync(
            term,
            cancellationToken,
            Sql(
                """
                WITH due AS (
                    UPDATE discrepancies SET state = 'reopened', ignored_until = NULL
                    WHERE state = 'ignored' AND ignored_until <= now() AND absent_since IS NULL RETURNING discrepancy_id)
                INSERT INTO discrepancy_audit (discrepancy_id, actor, action, from_state, to_state, note)
                SELECT discrepancy_id, 'reconciler', 'reopen', 'ignored', 'reopened', 'The time until which it was ignored has passed.'
                FROM due
                """
            )
        );

    public async Task<RunRow> StartScheduledAsync(Term term, CancellationToken cancellationToken)
    {
        var id = await ExecuteAsync(
            term,
            cancellationToken,
            Sql(
                "INSERT INTO reconciliation_runs (trigger, state, node_id) VALUES ('schedule', 'running', $1) RETURNING run_id",
                Text(term.NodeId)
            )
        );
        return new RunRow(id!.Value, Manual: false);
    }

    public Task StartRequestedAsync(Term term, RunRow run, CancellationToken cancellationToken) =>
        ExecuteAsync(
            term,
            cancellationToken,
            Sql(
                """
                UPDATE reconciliation_runs SET state = 'running', node_id = $2, started_at = now() WHERE run_id = $1 AND state = 'requested'
                """,
                Number(run.RunId),
                Text(term.NodeId)
            )
        );

    /// <summary>
    /// All or nothing, so that the cursor never passes blocks whose findings were lost. Returns the number of new discrepancies.
    /// </summary>
    /// <param name="plan">The repairs of a dry run; a real run records each repair when it is made.</param>
    public async Task<long> FinishAsync(
        Term term,
        RunResult result,
        CancellationToken cancellationToken,
        IReadOnlyList<PlannedRepair>? plan = null
    )
    {
        var commands = new List<NpgsqlBatchCommand>();
        if (result.Findings.Count > 0)
            commands.Add(Upsert(result.RunId, result.Findings, result.Proof));
        if (result.Error is null)
        {
            commands.Add(
                Sql(
                    MarkAbsent,
                    Number(result.RunId),
                    Number(result.Range.FromBlock),
                    Number(result.Range.ToBlock),
                    new NpgsqlParameter { Value = result.Totals is not null },
                    new NpgsqlParameter { Value = result.Ahead.ToArray() },
                    Number(result.UntoldFrom ?? long.MaxValue),
                    new NpgsqlParameter { Value = result.Vault is not null }
                )
            );
        }

        if (result.Vault is { } vault)
            commands.AddRange(VaultStatements.Keep(vault));

        commands.AddRange((plan ?? []).Select(p => RepairJournal.Note(result.RunId, p)));
        commands.Add(Coverage(result));
        commands.Add(Sql(FoldCoverage, Number(result.RunId - CoverageRuns)));
        if (result.Cursor is { } cursor)
        {
            commands.Add(
                Sql(
                    """
                    INSERT INTO chain_cursors (name, block_number, block_hash) VALUES ($1, $2, $3)
                    ON CONFLICT (name) DO UPDATE SET block_number = excluded.block_number, block_hash = excluded.block_hash,
                        updated_at = now()
                    """,
                    Text(CursorName),
                    Number(cursor.Block),
                    new NpgsqlParameter { Value = cursor.Hash }
                )
            );
        }

        // Planned and refused repairs are of interest for a week; those that were made are kept.
        commands.Add(Sql("DELETE FROM reconciliation_repairs WHERE state <> 'done' AND at < now() - interval '7 days'"));
        commands.Add(
            Sql(
                """
                UPDATE reconciliation_runs SET state = $2, finished_at = now(), from_block = $3, to_block = $4, trades_compared = $5,
                    found = $6, error = $7, ledger_total = $8, chain_total = $9, holdings_compared = $10, note = $11,
                    new = (SELECT count(*) FROM discrepancies d JOIN discrepancy_audit a USING (discrepancy_id)
                        WHERE d.last_run_id = $1 AND a.action = 'found' AND a.at >= now())
                WHERE run_id = $1 RETURNING new::bigint
                """,
                Number(result.RunId),
                Text(result.Error is null ? "succeeded" : "failed"),
                Number(result.Range.FromBlock),
                Number(result.Range.ToBlock),
                Number(result.TradesCompared),
                new NpgsqlParameter { Value = result.Findings.Count },
                Nullable(result.Error),
                Numeric(result.Totals?.Ledger),
                Numeric(result.Totals?.Chain),
                new NpgsqlParameter { Value = (object?)result.Totals?.Holdings ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Bigint },
                Nullable(result.Note)
            )
        );
        return await ExecuteAsync(term, cancellationToken, [.. commands]) ?? 0;
    }

    public Task WriteStatusAsync(
        Term term,
        TimeSpan interval,
        bool autoFix,
        DateTimeOffset? nextRunAt,
        long head,
        long covered,
        CancellationToken cancellationToken
    ) =>
        ExecuteAsync(
            term,
            cancellationToken,
            Sql(
                """
                INSERT INTO reconciliation_status (node_id, epoch, interval_ms, auto_fix, next_run_at, head_block, covered_to_block)
                VALUES ($1, $2, $3, $4, $5, $6, $7)
                ON CONFLICT (only_row) DO UPDATE SET node_id = excluded.node_id, epoch = excluded.epoch, interval_ms = excluded.interval_ms,
                    auto_fix = excluded.auto_fix, next_run_at = excluded.next_run_at, head_block = excluded.head_block,
                    covered_to_block = excluded.covered_to_block, updated_at = now()
                """,
                Text(term.NodeId),
                Number(term.Epoch),
                Number((long)interval.TotalMilliseconds),
                new NpgsqlParameter { Value = autoFix },
                new NpgsqlParameter { Value = (object?)nextRunAt?.UtcDateTime ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.TimestampTz },
                Number(head),
                Number(covered)
            )
        );

    private static NpgsqlBatchCommand Upsert(long runId, IReadOnlyList<Finding> findings, IReadOnlyDictionary<string, string> proof)
    {
        // One statement cannot update a row twice; findings with the same natural key are the same disagreement.
        var distinct = findings.DistinctBy(f => f.NaturalKey).ToList();
        NpgsqlParameter Array<T>(Func<Finding, T> of, NpgsqlDbType type) =>
            new() { Value = distinct.Select(of).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | type };
        return Sql(
            UpsertFindings,
            Number(runId),
            Array(f => f.NaturalKey, NpgsqlDbType.Text),
            Array(f => f.Kind, NpgsqlDbType.Text),
            Array(f => f.Severity, NpgsqlDbType.Text),
            Array(f => f.MarketId, NpgsqlDbType.Integer),
            Array(f => f.TradeId, NpgsqlDbType.Bigint),
            Array(f => f.TransactionHash is { } hash ? Convert.FromHexString(hash.AsSpan(2)) : null, NpgsqlDbType.Bytea),
            Array(f => f.BlockNumber, NpgsqlDbType.Bigint),
            Array(f => f.Summary, NpgsqlDbType.Text),
            Array(f => Evidence.Json(f.OnChain), NpgsqlDbType.Text),
            Array(f => Evidence.Json(f.OffChain), NpgsqlDbType.Text),
            Array(f => f.Amount is { } amount ? (long?)BigInteger.Min(amount, long.MaxValue) : null, NpgsqlDbType.Bigint),
            Array(f => proof.GetValueOrDefault(f.NaturalKey), NpgsqlDbType.Text)
        );
    }

    private static NpgsqlBatchCommand Coverage(RunResult result)
    {
        var ranges = RangeRules.Join(result.Covered).Select(r => (r, "covered", Error: (string?)null)).ToList();
        if (result.FailedRange is { } failed)
            ranges.Add((failed, "failed", result.Error));
        return Sql(
            """
            INSERT INTO reconciliation_coverage (run_id, from_block, to_block, state, error)
            SELECT $1, from_block, to_block, state, error
            FROM unnest($2::bigint[], $3::bigint[], $4::text[], $5::text[]) AS c (from_block, to_block, state, error)
            """,
            Number(result.RunId),
            new NpgsqlParameter { Value = ranges.Select(r => r.r.FromBlock).ToArray() },
            new NpgsqlParameter { Value = ranges.Select(r => r.r.ToBlock).ToArray() },
            new NpgsqlParameter { Value = ranges.Select(r => r.Item2).ToArray() },
            new NpgsqlParameter { Value = ranges.Select(r => r.Error).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text }
        );
    }

    internal static NpgsqlParameter Number(long value) => new() { Value = value };

    internal static NpgsqlParameter Text(string value) => new() { Value = value };

    internal static NpgsqlParameter Nullable(string? value) =>
        new() { Value = (object?)value ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text };

    private static NpgsqlParameter Numeric(BigInteger? value) =>
        new() { Value = (object?)value ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Numeric };

    internal static NpgsqlBatchCommand Sql(string text, params NpgsqlParameter[] parameters)
    {
        var command = new NpgsqlBatchCommand(text);
        foreach (var parameter in parameters)
            command.Parameters.Add(parameter);
        return command;
    }

    internal async Task<long?> ExecuteAsync(Term term, CancellationToken cancellationToken, params NpgsqlBatchCommand[] commands)
    {
        await using var batch = primary.CreateBatch();
        batch.BatchCommands.Add(Fence.Assert(term));
        foreach (var command in commands)
            batch.BatchCommands.Add(command);
        long? last = null;
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        do
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                if (reader.FieldCount == 1 && reader.GetFieldType(0) == typeof(long))
                    last = reader.GetInt64(0);
            }
        } while (await reader.NextResultAsync(cancellationToken));

        return last;
    }
}
