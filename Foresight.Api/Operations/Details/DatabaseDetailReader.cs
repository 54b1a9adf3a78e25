using Dapper;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Postgres;
using Npgsql;

namespace Foresight.Api.Operations.Details;

/// <summary>
/// The primary's report about itself. Of sessions of other users a role without <c>pg_read_all_stats</c> sees neither state nor query; how
/// many those are is part of the answer, because a list without them must not look whole.
/// </summary>
public sealed class DatabaseDetailReader(Database database, TimeProvider clock)
{
    public const int MaxSlots = 50;
    public const int MaxPools = 100;
    public const int MaxSlowQueries = 50;
    public const int QueryLength = 200;

    private const string Unreadable = "<insufficient privilege>";

    private const string Slots = """
        SELECT slot_name AS name, active, wal_status,
            CASE WHEN pg_is_in_recovery() THEN NULL ELSE pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::bigint END AS retained
        FROM pg_replication_slots ORDER BY slot_name LIMIT @MaxSlots
        """;

    // The server's own processes have no user, and a stream of changes no database.
    private const string Sessions = "pg_stat_activity WHERE usename IS NOT NULL AND datname IS NOT NULL";

    private const string Pools = $"""
        SELECT usename::text AS role, coalesce(application_name, '') AS application, coalesce(state, 'unknown') AS state, count(*)::int AS n
        FROM {Sessions} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3 LIMIT @MaxPools
        """;

    // A transaction that idles holds its locks as one that works does, since its start.
    private const string SlowQueries = $"""
        SELECT pid, usename::text AS role, coalesce(application_name, '') AS application, state,
            extract(epoch FROM clock_timestamp() - since)::double precision * 1000 AS running, left(query, @QueryLength) AS query
        FROM (SELECT *, CASE WHEN state = 'active' THEN query_start ELSE xact_start END AS since FROM {Sessions}) sessions
        WHERE state <> 'idle' AND since < clock_timestamp() - interval '1 s' AND pid <> pg_backend_pid()
        ORDER BY since LIMIT @MaxSlowQueries
        """;

    private const string Counts = $"""
        SELECT (SELECT count(*)::int FROM {Sessions} AND query = @Unreadable), current_setting('max_connections')::int
        """;

    public Task<DatabaseDetail> ReadAsync(CancellationToken cancellationToken) =>
        database.ReadPrimaryAsync("database_detail", ReadAsync, cancellationToken);

    private async Task<DatabaseDetail> ReadAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var read = await connection.QueryMultipleAsync(
            new CommandDefinition(
                string.Join(";\n", Slots, Pools, SlowQueries, Counts),
                new
                {
                    MaxSlots,
                    MaxPools,
                    MaxSlowQueries,
                    QueryLength,
                    Unreadable,
                },
                cancellationToken: cancellationToken
            )
        );
        var slots = await read.ReadAsync<(string Name, bool Active, string? WalStatus, long? Retained)>();
        var pools = await read.ReadAsync<(string Role, string Application, string State, int Connections)>();
        var slow = await read.ReadAsync<(int Pid, string Role, string Application, string State, double Running, string Query)>();
        var (unreadable, most) = await read.ReadSingleAsync<(int, int)>();
        return new DatabaseDetail(
            clock.GetUtcNow(),
            [.. slots.Select(row => new ReplicationSlotView(row.Name, row.Active, row.WalStatus, row.Retained))],
            [.. pools.Select(row => new PoolView(row.Role, row.Application, row.State, row.Connections))],
            [.. slow.Select(row => new SlowQueryView(row.Pid, row.Role, row.Application, row.State, Math.Round(row.Running), row.Query))],
            unreadable,
            most
        );
    }
}
