using Dapper;
using Foresight.Api.Reading;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Hosting;
using Foresight.ServiceDefaults.Postgres;
using Npgsql;

namespace Foresight.Api.Operations;

/// <param name="Live">True: only discrepancies that are not decided yet.</param>
/// <param name="Present">True: only discrepancies that the latest runs still find.</param>
/// <param name="Text">Part of the key or the summary, in upper or lower case.</param>
public sealed record DiscrepancyFilter(
    string? State,
    bool Live,
    string? Kind,
    string? Severity,
    string? Assignee = null,
    string? Age = null,
    int? Market = null,
    bool Present = false,
    string? Text = null,
    DateTimeOffset? From = null,
    DateTimeOffset? To = null
);

/// <param name="Before">Id of the last row on the previous page, in the list's own order.</param>
public sealed record DiscrepancyPage(DiscrepancyOrder Order, int Size, int Offset, long? Before);

/// <summary>
/// Reads the primary, because an operator who resolves a discrepancy must see it resolved, and a few reads a minute do not burden it.
/// </summary>
public sealed class ReconciliationReader(Database database, IConfiguration configuration, TimeProvider clock)
{
    /// <summary>Equal to the bound of one run, so that an export has all that a run found.</summary>
    public const int MaxExport = 100_000;

    internal const string RunColumns =
        "run_id, trigger, state, started_at, finished_at, from_block, to_block, trades_compared, found, new, error, node_id, dry_run, "
        + "repaired, requested_by, requested_key, note, reason";

    internal const string DiscrepancyColumns = """
        discrepancy_id, natural_key, kind, severity, state, market_id, trade_id, tx_hash, block_number, summary, on_chain::text AS on_chain,
        off_chain::text AS off_chain, first_seen_at, last_seen_at, note, changed_by, changed_at, amount, assignee, ignored_until,
        absent_since, second_action, second_by, second_key, second_at
        """;

    private readonly long? _fourEyesOver = configuration.FourEyesOver();

    public Task<ReconciliationStatus> StatusAsync(CancellationToken cancellationToken) =>
        database.ReadPrimaryAsync(
            "reconciliation_status",
            async (connection, cancellationToken) =>
            {
                var holder = await connection.QuerySingleOrDefaultAsync<(
                    long IntervalMs,
                    bool AutoFix,
                    DateTime? NextRunAt,
                    long HeadBlock,
                    long CoveredToBlock
                )?>(
                    new CommandDefinition(
                        "SELECT interval_ms, auto_fix, next_run_at, head_block, covered_to_block FROM reconciliation_status",
                        cancellationToken: cancellationToken
                    )
                );
                // A requested run has no results yet, so the newest that has started is shown.
                var runs = await connection.QueryAsync<RunRow>(
                    new CommandDefinition(
                        $"SELECT {RunColumns} FROM reconciliation_runs WHERE state <> '{RunStates.Requested}' ORDER BY run_id DESC LIMIT 1",
                        cancellationToken: cancellationToken
                    )
                );
                var isRunning = await connection.ExecuteScalarAsync<bool>(
                    new CommandDefinition(
                        $"SELECT EXISTS (SELECT FROM reconciliation_runs WHERE state IN ('{RunStates.Requested}', '{RunStates.Running}'))",
                        cancellationToken: cancellationToken
                    )
                );
                var open = (
                    await connection.QueryAsync<(string Kind, int Count)>(
                        new CommandDefinition(
                            "SELECT kind, count(*)::int FROM discrepancies WHERE state = ANY (@live) GROUP BY kind",
                            new { live = DiscrepancyStates.Undecided.ToArray() },
                            cancellationToken: cancellationToken
                        )
                    )
                ).ToDictionary(row => row.Kind, row => row.Count);
                var seen = await connection.QueryAsync<(int Age, int Count)>(
                    new CommandDefinition(
                        """
                        SELECT (SELECT count(*)::int FROM unnest(@bounds) AS bound WHERE first_seen_at <= now() - bound) AS age,
                            count(*)::int
                        FROM discrepancies WHERE state = ANY (@live) GROUP BY 1
                        """,
                        new { live = DiscrepancyStates.Undecided.ToArray(), bounds = DiscrepancyAges.Bounds.ToArray() },
                        cancellationToken: cancellationToken
                    )
                );
                var byAge = seen.ToDictionary(row => DiscrepancyAges.All[row.Age], row => row.Count);
                var critical = await connection.QuerySingleAsync<(int Count, DateTime? OldestAt)>(
                    new CommandDefinition(
                        $"""
                        SELECT count(*)::int, min(first_seen_at) FROM discrepancies
                        WHERE state = ANY (@live) AND severity = '{Severities.Critical}'
                        """,
                        new { live = DiscrepancyStates.Undecided.ToArray() },
                        cancellationToken: cancellationToken
                    )
                );
                var solvency = await connection.QuerySingleOrDefaultAsync<(
                    long RunId,
                    DateTime At,
                    decimal Ledger,
                    decimal Chain,
                    long Holdings
                )?>(
                    new CommandDefinition(
                        $"""
                        SELECT run_id, finished_at, ledger_total, chain_total, holdings_compared FROM reconciliation_runs
                        WHERE state = '{RunStates.Succeeded}' AND ledger_total IS NOT NULL ORDER BY run_id DESC LIMIT 1
                        """,
                        cancellationToken: cancellationToken
                    )
                );
                var compared = await connection.ExecuteScalarAsync<DateTime?>(
                    new CommandDefinition(
                        $"SELECT finished_at FROM reconciliation_runs WHERE state = '{RunStates.Succeeded}' ORDER BY run_id DESC LIMIT 1",
                        cancellationToken: cancellationToken
                    )
                );
                return new ReconciliationStatus(
                    isRunning,
                    holder?.NextRunAt,
                    TimeSpan.FromMilliseconds(holder?.IntervalMs ?? 0),
                    holder?.AutoFix ?? false,
                    runs.FirstOrDefault()?.View(),
                    holder?.CoveredToBlock ?? 0,
                    holder?.HeadBlock ?? 0,
                    open.Values.Sum(),
                    open,
                    [.. DiscrepancyAges.All.Select(age => new AgeCount(age, byAge.GetValueOrDefault(age)))],
                    solvency is { } sums
                        ? new SolvencyView(
                            Usdc(sums.Ledger),
                            Usdc(sums.Chain),
                            Usdc(sums.Chain - sums.Ledger),
                            sums.Holdings,
                            sums.RunId,
                            sums.At
                        )
                        : null,
                    _fourEyesOver is { } limit ? Decimals.Usdc(limit) : null,
                    critical.OldestAt is { } oldest ? new CriticalView(critical.Count, oldest) : null,
                    compared
                );
            },
            cancellationToken
        );

    public Task<Page<RunView>> RunsAsync(int size, long before, CancellationToken cancellationToken) =>
        database.ReadPrimaryAsync(
            "reconciliation_runs",
            async (connection, cancellationToken) =>
            {
                var read = (
                    await connection.QueryAsync<RunRow>(
                        new CommandDefinition(
                            $"SELECT {RunColumns} FROM reconciliation_runs WHERE run_id < @before ORDER BY run_id DESC LIMIT @rows",
                            new { before, rows = size + 1 },
                            cancellationToken: cancellationToken
                        )
                    )
                ).AsList();
                var (rows, next) = PageParameters.Cut(read, size, row => row.RunId);
                return new Page<RunView>([.. rows.Select(row => row.View())], next);
            },
            cancellationToken
        );

    public Task<Page<CoverageView>> CoverageAsync(int size, (long RunId, long FromBlock) before, CancellationToken cancellationToken) =>
        database.ReadPrimaryAsync(
            "reconciliation_coverage",
            async (connection, cancellationToken) =>
            {
                var rows = (
                    await connection.QueryAsync<CoverageRow>(
                        new CommandDefinition(
                            """
                            SELECT from_block, to_block, state, run_id, at, error FROM reconciliation_coverage
                            WHERE (run_id, from_block) < (@RunId, @FromBlock) ORDER BY run_id DESC, from_block DESC LIMIT @rows
                            """,
                            new
                            {
                                before.RunId,
                                before.FromBlock,
                                rows = size + 1,
                            },
                            cancellationToken: cancellationToken
                        )
                    )
                ).AsList();
                var more = rows.Count > size;
                if (more)
                    rows.RemoveRange(size, rows.Count - size);
                return new Page<CoverageView>([.. rows.Select(row => row.View())], more ? $"{rows[^1].RunId}-{rows[^1].FromBlock}" : null);
            },
            cancellationToken
        );

    public Task<RunView?> RunAsync(long id, CancellationToken cancellationToken) =>
        database.ReadPrimaryAsync(
            "reconciliation_run",
            async (connection, cancellationToken) =>
                (
                    await connection.QuerySingleOrDefaultAsync<RunRow>(
                        new CommandDefinition(
                            $"SELECT {RunColumns} FROM reconciliation_runs WHERE run_id = @id",
                            new { id },
                            cancellationToken: cancellationToken
                        )
                    )
                )?.View(),
            cancellationToken
        );

    public Task<Page<RepairView>> RepairsAsync(long runId, int size, long before, CancellationToken cancellationToken) =>
        database.ReadPrimaryAsync(
            "reconciliation_repairs",
            async (connection, cancellationToken) =>
            {
                var read = (
                    await connection.QueryAsync<RepairRow>(
                        new CommandDefinition(
                            """
                            SELECT r.repair_id, r.run_id, d.discrepancy_id, r.natural_key, r.kind, r.state, r.before::text AS before,
                                r.after::text AS after, r.reason, r.at
                            FROM reconciliation_repairs r LEFT JOIN discrepancies d USING (natural_key)
                            WHERE r.run_id = @runId AND r.repair_id < @before ORDER BY r.repair_id DESC LIMIT @rows
                            """,
                            new
                            {
                                runId,
                                before,
                                rows = size + 1,
                            },
                            cancellationToken: cancellationToken
                        )
                    )
                ).AsList();
                var (rows, next) = PageParameters.Cut(read, size, row => row.RepairId);
                return new Page<RepairView>([.. rows.Select(row => row.View())], next);
            },
            cancellationToken
        );

    public Task<CountedPage<DiscrepancyView>> DiscrepanciesAsync(
        DiscrepancyFilter filter,
        DiscrepancyPage page,
        CancellationToken cancellationToken
    ) =>
        database.ReadPrimaryAsync(
            "discrepancies",
            async (connection, cancellationToken) =>
            {
                var (conditions, parameters) = Conditions(filter);
                parameters.AddDynamicParams(new { rows = page.Size + 1, offset = page.Offset });
                var total = await connection.ExecuteScalarAsync<long>(
                    new CommandDefinition(
                        $"SELECT count(*) FROM discrepancies WHERE {conditions}",
                        parameters,
                        cancellationToken: cancellationToken
                    )
                );
                if (page.Before is not null)
                {
                    conditions += " AND discrepancy_id < @before";
                    parameters.Add("before", page.Before);
                }

                var read = (
                    await connection.QueryAsync<DiscrepancyRow>(
                        new CommandDefinition(
                            $"SELECT {DiscrepancyColumns} FROM discrepancies WHERE {conditions} "
                                + $"ORDER BY {page.Order.Sql} LIMIT @rows OFFSET @offset",
                            parameters,
                            cancellationToken: cancellationToken
                        )
                    )
                ).AsList();
                var (rows, next) = PageParameters.Cut(read, page.Size, row => row.DiscrepancyId);
                return new CountedPage<DiscrepancyView>([.. rows.Select(row => row.View())], page.Order.IsNewestFirst ? next : null, total);
            },
            cancellationToken
        );

    /// <summary>One statement, hence one database snapshot: pages would mix states from before and after a decision.</summary>
    public Task<IReadOnlyList<DiscrepancyView>> ExportAsync(
        DiscrepancyFilter filter,
        DiscrepancyOrder order,
        CancellationToken cancellationToken
    ) =>
        database.ReadPrimaryAsync<IReadOnlyList<DiscrepancyView>>(
            "discrepancies_export",
            async (connection, cancellationToken) =>
            {
                var (conditions, parameters) = Conditions(filter);
                parameters.Add("rows", MaxExport);
                var rows = await connection.QueryAsync<DiscrepancyRow>(
                    new CommandDefinition(
                        $"SELECT {DiscrepancyColumns} FROM discrepancies WHERE {conditions} ORDER BY {order.Sql} LIMIT @rows",
                        parameters,
                        cancellationToken: cancellationToken
                    )
                );
                return [.. rows.Select(row => row.View())];
            },
            cancellationToken
        );

    private (string Conditions, DynamicParameters Parameters) Conditions(DiscrepancyFilter filter)
    {
        var conditions = new List<string> { "true" };
        if (filter.State is not null)
            conditions.Add("state = @state");
        if (filter.Live)
            conditions.Add("state = ANY (@live)");
        if (filter.Kind is not null)
            conditions.Add("kind = @kind");
        if (filter.Severity is not null)
            conditions.Add("severity = @severity");
        if (filter.Assignee is not null)
            conditions.Add(filter.Assignee == DiscrepancyFilterValues.Unassigned ? "assignee IS NULL" : "assignee = @assignee");
        if (filter.Market is not null)
            conditions.Add("market_id = @market");
        if (filter.Present)
            conditions.Add("absent_since IS NULL");
        // Not LIKE, in which a text has signs of its own.
        if (filter.Text is not null)
            conditions.Add("position(lower(@text) IN lower(natural_key || ' ' || summary)) > 0");
        var (after, upTo) = filter.Age is { } age ? DiscrepancyRules.FirstSeen(age, clock.GetUtcNow()) : (null, null);
        if (after is not null)
            conditions.Add("first_seen_at > @after");
        if (upTo is not null)
            conditions.Add("first_seen_at <= @upTo");
        if (filter.From is not null)
            conditions.Add("first_seen_at >= @from");
        if (filter.To is not null)
            conditions.Add("first_seen_at < @to");
        return (
            string.Join(" AND ", conditions),
            new DynamicParameters(
                new
                {
                    state = filter.State,
                    live = DiscrepancyStates.Undecided.ToArray(),
                    kind = filter.Kind,
                    severity = filter.Severity,
                    assignee = filter.Assignee,
                    market = filter.Market,
                    text = filter.Text,
                    after = after?.UtcDateTime,
                    upTo = upTo?.UtcDateTime,
                    from = filter.From?.UtcDateTime,
                    to = filter.To?.UtcDateTime,
                }
            )
        );
    }

    /// <summary>Decimal, because sums of money can exceed 64 bits of micro-USDC.</summary>
    private static string Usdc(decimal micros) =>
        (micros / 1_000_000m).ToString("0.######", System.Globalization.CultureInfo.InvariantCulture);

    public Task<DiscrepancyDetail?> DiscrepancyAsync(long id, CancellationToken cancellationToken) =>
        database.ReadPrimaryAsync(
            "discrepancy",
            (connection, cancellationToken) => ReadDetailAsync(connection, id, transaction: null, cancellationToken),
            cancellationToken
        );

    internal static async Task<DiscrepancyDetail?> ReadDetailAsync(
        NpgsqlConnection connection,
        long id,
        NpgsqlTransaction? transaction,
        CancellationToken cancellationToken
    )
    {
        var row = await connection.QuerySingleOrDefaultAsync<DiscrepancyRow>(
            new CommandDefinition(
                $"SELECT {DiscrepancyColumns}, proof::text AS proof FROM discrepancies WHERE discrepancy_id = @id",
                new { id },
                transaction,
                cancellationToken: cancellationToken
            )
        );
        if (row is null)
            return null;
        var audit = await connection.QueryAsync<AuditRow>(
            new CommandDefinition(
                """
                SELECT audit_id, at, actor, action, from_state, to_state, note, key_name, batch_id, before::text AS before,
                    after::text AS after
                FROM discrepancy_audit WHERE discrepancy_id = @id ORDER BY audit_id DESC LIMIT 500
                """,
                new { id },
                transaction,
                cancellationToken: cancellationToken
            )
        );
        return new DiscrepancyDetail(row.View(), [.. audit.Select(entry => entry.View())]);
    }
}
