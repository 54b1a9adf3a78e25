using Dapper;
using Foresight.Api.Reading;
using Foresight.Contracts;
using Foresight.ServiceDefaults.Postgres;
using Npgsql;

namespace Foresight.Api.Operations;

/// <summary>Which discrepancies; a member that is null does not restrict.</summary>
/// <param name="Live">True: only those that nobody has decided about.</param>
public sealed record DiscrepancyFilter(string? State, bool Live, string? Kind, string? Severity);

/// <summary>
/// What reconciliation found. From the primary throughout: an operator who resolves a discrepancy must see it resolved, and these routes
/// are asked a few times a minute.
/// </summary>
public sealed class ReconciliationReader(Database database)
{
    internal const string RunColumns = "run_id, trigger, state, started_at, finished_at, from_block, to_block, trades_compared, found, new, error, node_id";

    internal const string DiscrepancyColumns = """
        discrepancy_id, natural_key, kind, severity, state, market_id, trade_id, tx_hash, block_number, summary, on_chain::text AS on_chain,
        off_chain::text AS off_chain, first_seen_at, last_seen_at, note, changed_by, changed_at
        """;

    /// <summary>While no node has led reconciliation there is no word of its holder: no next run, nothing covered.</summary>
    public Task<ReconciliationStatus> StatusAsync(CancellationToken cancellation) =>
        database.ReadPrimaryAsync("reconciliation_status", async (connection, cancel) =>
        {
            var holder = await connection.QuerySingleOrDefaultAsync<(long IntervalMs, bool AutoFix, DateTime? NextRunAt, long HeadBlock, long CoveredToBlock)?>(
                new CommandDefinition("SELECT interval_ms, auto_fix, next_run_at, head_block, covered_to_block FROM reconciliation_status", cancellationToken: cancel));
            // The newest run; one that was only asked for has nothing to tell yet.
            var runs = await connection.QueryAsync<RunRow>(new CommandDefinition(
                $"SELECT {RunColumns} FROM reconciliation_runs WHERE state <> 'requested' ORDER BY run_id DESC LIMIT 1", cancellationToken: cancel));
            var isRunning = await connection.ExecuteScalarAsync<bool>(new CommandDefinition(
                "SELECT EXISTS (SELECT FROM reconciliation_runs WHERE state IN ('requested', 'running'))", cancellationToken: cancel));
            var open = (await connection.QueryAsync<(string Kind, int Count)>(new CommandDefinition(
                "SELECT kind, count(*)::int FROM discrepancies WHERE state = ANY (@live) GROUP BY kind", new { live = DiscrepancyRules.Live.ToArray() },
                cancellationToken: cancel))).ToDictionary(row => row.Kind, row => row.Count);
            return new ReconciliationStatus(
                isRunning, holder?.NextRunAt, TimeSpan.FromMilliseconds(holder?.IntervalMs ?? 0), holder?.AutoFix ?? false, runs.FirstOrDefault()?.View(),
                holder?.CoveredToBlock ?? 0, holder?.HeadBlock ?? 0, open.Values.Sum(), open);
        }, cancellation);

    public Task<Page<RunView>> RunsAsync(int size, long before, CancellationToken cancellation) =>
        database.ReadPrimaryAsync("reconciliation_runs", async (connection, cancel) =>
        {
            var read = (await connection.QueryAsync<RunRow>(new CommandDefinition(
                $"SELECT {RunColumns} FROM reconciliation_runs WHERE run_id < @before ORDER BY run_id DESC LIMIT @rows", new { before, rows = size + 1 },
                cancellationToken: cancel))).AsList();
            var (rows, next) = RequestReading.Cut(read, size, row => row.RunId);
            return new Page<RunView>([.. rows.Select(row => row.View())], next);
        }, cancellation);

    /// <summary>Newest run first, within it from the highest block down.</summary>
    /// <param name="before">Run and first block of the last range of the page before.</param>
    public Task<Page<CoverageView>> CoverageAsync(int size, (long RunId, long FromBlock) before, CancellationToken cancellation) =>
        database.ReadPrimaryAsync("reconciliation_coverage", async (connection, cancel) =>
        {
            var rows = (await connection.QueryAsync<CoverageRow>(new CommandDefinition(
                """
                SELECT from_block, to_block, state, run_id, at, error FROM reconciliation_coverage
                WHERE (run_id, from_block) < (@RunId, @FromBlock) ORDER BY run_id DESC, from_block DESC LIMIT @rows
                """, new { before.RunId, before.FromBlock, rows = size + 1 }, cancellationToken: cancel))).AsList();
            var more = rows.Count > size;
            if (more) rows.RemoveRange(size, rows.Count - size);
            return new Page<CoverageView>([.. rows.Select(row => row.View())], more ? $"{rows[^1].RunId}-{rows[^1].FromBlock}" : null);
        }, cancellation);

    public Task<Page<DiscrepancyView>> DiscrepanciesAsync(
        DiscrepancyFilter filter, int size, long before, CancellationToken cancellation) =>
        database.ReadPrimaryAsync("discrepancies", async (connection, cancel) =>
        {
            var conditions = new List<string> { "discrepancy_id < @before" };
            if (filter.State is not null) conditions.Add("state = @state");
            if (filter.Live) conditions.Add("state = ANY (@live)");
            if (filter.Kind is not null) conditions.Add("kind = @kind");
            if (filter.Severity is not null) conditions.Add("severity = @severity");
            var read = (await connection.QueryAsync<DiscrepancyRow>(new CommandDefinition(
                $"SELECT {DiscrepancyColumns} FROM discrepancies WHERE {string.Join(" AND ", conditions)} ORDER BY discrepancy_id DESC LIMIT @rows",
                new { before, state = filter.State, live = DiscrepancyRules.Live.ToArray(), kind = filter.Kind, severity = filter.Severity, rows = size + 1 },
                cancellationToken: cancel))).AsList();
            var (rows, next) = RequestReading.Cut(read, size, row => row.DiscrepancyId);
            return new Page<DiscrepancyView>([.. rows.Select(row => row.View())], next);
        }, cancellation);

    public Task<DiscrepancyDetail?> DiscrepancyAsync(long id, CancellationToken cancellation) =>
        database.ReadPrimaryAsync(
            "discrepancy", (connection, cancel) => ReadDetailAsync(connection, id, transaction: null, cancel), cancellation);

    internal static async Task<DiscrepancyDetail?> ReadDetailAsync(
        NpgsqlConnection connection, long id, NpgsqlTransaction? transaction, CancellationToken cancellation)
    {
        var row = await connection.QuerySingleOrDefaultAsync<DiscrepancyRow>(new CommandDefinition(
            $"SELECT {DiscrepancyColumns} FROM discrepancies WHERE discrepancy_id = @id", new { id }, transaction, cancellationToken: cancellation));
        if (row is null) return null;
        var audit = await connection.QueryAsync<AuditRow>(new CommandDefinition(
            "SELECT audit_id, at, actor, action, from_state, to_state, note FROM discrepancy_audit WHERE discrepancy_id = @id ORDER BY audit_id DESC LIMIT 500",
            new { id }, transaction, cancellationToken: cancellation));
        return new DiscrepancyDetail(row.View(), [.. audit.Select(entry => entry.View())]);
    }
}
