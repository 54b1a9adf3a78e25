using System.Text.Json;
using Npgsql;
using NpgsqlTypes;

namespace Foresight.Matching.Leadership;

public sealed class PostgresLeadershipTable(NpgsqlDataSource primary) : ILeadershipTable
{
    // A renewal is worth nothing after a crash of the server, so it waits for neither its disk nor a standby. The CTE sets that for this
    // transaction alone.
    private const string WithoutWaitingForDisk = "WITH quick AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))";

    public Task<TermHolder?> ReadAsync(string resource, CancellationToken cancellationToken) =>
        RoundTrip.WithinAsync(RoundTrip.LookLimit, cancellationToken, () => ReadRowAsync(resource));

    public Task<long> EndSessionsAsync(string resource, HolderVersion dead, CancellationToken cancellationToken) =>
        RoundTrip.WithinAsync(RoundTrip.TakeOverLimit, cancellationToken, () => EndSessionsAsync(resource, dead));

    public Task<TakenTerm?> TakeAsync(NewHolder holder, HolderVersion? dead, TimeSpan lockTimeout, CancellationToken cancellationToken) =>
        RoundTrip.WithinAsync(RoundTrip.TakeOverLimit, cancellationToken, () => TakeRowAsync(holder, dead, lockTimeout, cancellationToken));

    public Task<RenewOutcome> RenewAsync(Term term) =>
        RoundTrip.WithinAsync(RoundTrip.LookLimit, CancellationToken.None, () => RenewRowAsync(term));

    public Task ReleaseAsync(Term term) => RoundTrip.WithinAsync(RoundTrip.LookLimit, CancellationToken.None, () => ReleaseRowAsync(term));

    public Task<bool> IsDrainedAsync(string nodeId, CancellationToken cancellationToken) =>
        RoundTrip.WithinAsync(RoundTrip.LookLimit, cancellationToken, () => ReadDrainAsync(nodeId));

    private async Task<TermHolder?> ReadRowAsync(string resource)
    {
        await using var command = primary.CreateCommand(
            """
            SELECT coalesce(node_id, ''), coalesce(address, ''), token, renewed_at, clock_timestamp() - renewed_at, lease_ms,
                renewed_at IS NULL AND is_asked_to_step_down(resource, epoch, node_id)
            FROM leadership WHERE resource = $1
            """
        );
        command.Parameters.AddWithValue(resource);
        await using var reader = await command.ExecuteReaderAsync();
        if (!await reader.ReadAsync())
            return null;
        var isReleased = reader.IsDBNull(3);
        return new TermHolder(
            reader.GetString(0),
            reader.GetString(1),
            new HolderVersion(reader.GetGuid(2), isReleased ? null : reader.GetDateTime(3)),
            isReleased ? null : reader.GetTimeSpan(4),
            TimeSpan.FromMilliseconds(reader.GetInt32(5))
        )
        {
            IsGivenBackForOperator = reader.GetBoolean(6),
        };
    }

    private async Task<long> EndSessionsAsync(string resource, HolderVersion dead)
    {
        await using var command = primary.CreateCommand(
            """
            SELECT count(pg_terminate_backend(a.pid)) FROM leadership l JOIN pg_stat_activity a ON a.application_name = l.session_name
            WHERE l.resource = $1 AND l.token = $2 AND l.renewed_at IS NOT DISTINCT FROM $3 AND a.pid <> pg_backend_pid()
            """
        );
        command.Parameters.AddWithValue(resource);
        command.Parameters.AddWithValue(dead.Token);
        command.Parameters.Add(RenewedAt(dead));
        return await command.ExecuteScalarAsync() is long ended ? ended : 0;
    }

    // One statement, hence one round trip: a client that stopped between several would keep the row locked, and every other node out, until
    // it resumed. A row that has changed while this waited for its lock is checked again by Postgres and then not found.
    private async Task<TakenTerm?> TakeRowAsync(
        NewHolder holder,
        HolderVersion? dead,
        TimeSpan lockTimeout,
        CancellationToken cancellationToken
    )
    {
        await using var command = primary.CreateCommand(
            """
            WITH patience AS MATERIALIZED (SELECT set_config('lock_timeout', $6, true)),
            previous AS MATERIALIZED (
                SELECT l.node_id FROM patience, leadership l
                WHERE l.resource = $1 AND l.token = $8 AND l.renewed_at IS NOT DISTINCT FROM $9 FOR UPDATE OF l),
            term AS (
                INSERT INTO leadership AS l (resource, epoch, token, node_id, address, session_name, lease_ms, acquired_at, renewed_at)
                SELECT $1, 1, $2, $3, $4, $5, $7, clock_timestamp(), clock_timestamp() FROM (SELECT count(*) AS found FROM previous) waited
                WHERE waited.found = 1 OR $8 IS NULL
                ON CONFLICT (resource) DO UPDATE SET
                    epoch = l.epoch + 1, token = excluded.token, node_id = excluded.node_id, address = excluded.address,
                    session_name = excluded.session_name, lease_ms = excluded.lease_ms, acquired_at = excluded.acquired_at,
                    renewed_at = excluded.renewed_at
                    WHERE $8 IS NOT NULL
                RETURNING resource, epoch, acquired_at)
            INSERT INTO leadership_history (resource, epoch, node_id, previous_node_id, acquired_at, reason)
            SELECT resource, epoch, $3, (SELECT node_id FROM previous), acquired_at, $10 FROM term RETURNING epoch, previous_node_id
            """
        );
        command.Parameters.AddWithValue(holder.Resource);
        command.Parameters.AddWithValue(holder.Token);
        command.Parameters.AddWithValue(holder.NodeId);
        command.Parameters.AddWithValue(holder.Address);
        command.Parameters.AddWithValue(holder.SessionName);
        command.Parameters.AddWithValue($"{(long)lockTimeout.TotalMilliseconds}ms");
        command.Parameters.AddWithValue((int)holder.Duration.TotalMilliseconds);
        command.Parameters.Add(new NpgsqlParameter { Value = (object?)dead?.Token ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Uuid });
        command.Parameters.Add(RenewedAt(dead));
        command.Parameters.Add(new NpgsqlParameter { Value = (object?)holder.Reason ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
            return null;
        var term = new Term(holder.Resource, reader.GetInt64(0), holder.Token, holder.NodeId);
        return new TakenTerm(term, reader.IsDBNull(1) ? null : reader.GetString(1));
    }

    // Asked in the same round trip, so that an operator's request costs the leader none of its own.
    private async Task<RenewOutcome> RenewRowAsync(Term term)
    {
        await using var command = primary.CreateCommand(
            $"""
            {WithoutWaitingForDisk}
            UPDATE leadership SET renewed_at = clock_timestamp(), node_id = $3 FROM quick
            WHERE resource = $1 AND token = $2 AND renewed_at IS NOT NULL
            RETURNING is_asked_to_step_down(resource, epoch, node_id)
            """
        );
        command.Parameters.AddWithValue(term.Resource);
        command.Parameters.AddWithValue(term.Token);
        command.Parameters.AddWithValue(term.NodeId);
        return await command.ExecuteScalarAsync() switch
        {
            true => RenewOutcome.AskedToStepDown,
            false => RenewOutcome.Renewed,
            _ => RenewOutcome.NotOurs,
        };
    }

    private async Task<bool> ReleaseRowAsync(Term term)
    {
        await using var command = primary.CreateCommand(
            $"{WithoutWaitingForDisk} UPDATE leadership SET renewed_at = NULL FROM quick WHERE resource = $1 AND token = $2"
        );
        command.Parameters.AddWithValue(term.Resource);
        command.Parameters.AddWithValue(term.Token);
        return await command.ExecuteNonQueryAsync() == 1;
    }

    private async Task<bool> ReadDrainAsync(string nodeId)
    {
        await using var command = primary.CreateCommand(
            "SELECT EXISTS (SELECT FROM operator_holds WHERE subject = 'node' AND subject_id = $1)"
        );
        command.Parameters.AddWithValue(nodeId);
        return await command.ExecuteScalarAsync() is true;
    }

    public Task<bool> SessionLivesAsync(string resource, Guid token, CancellationToken cancellationToken) =>
        RoundTrip.WithinAsync(RoundTrip.LookLimit, cancellationToken, () => ReadSessionAsync(resource, token));

    private async Task<bool> ReadSessionAsync(string resource, Guid token)
    {
        await using var command = primary.CreateCommand(
            """
            SELECT EXISTS (SELECT 1 FROM leadership l JOIN pg_stat_activity a ON a.application_name = l.session_name
                           WHERE l.resource = $1 AND l.token = $2)
                OR NOT EXISTS (SELECT 1 FROM leadership WHERE resource = $1 AND token = $2)
            """
        );
        command.Parameters.AddWithValue(resource);
        command.Parameters.AddWithValue(token);
        return (bool)(await command.ExecuteScalarAsync())!;
    }

    public async Task RecordPhasesAsync(Term term, IReadOnlyDictionary<string, double> phases, CancellationToken cancellationToken)
    {
        await using var command = primary.CreateCommand(
            "UPDATE leadership_history SET phases = phases || $3 WHERE resource = $1 AND epoch = $2"
        );
        command.Parameters.AddWithValue(term.Resource);
        command.Parameters.AddWithValue(term.Epoch);
        command.Parameters.AddWithValue(NpgsqlDbType.Jsonb, JsonSerializer.Serialize(phases));
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static NpgsqlParameter RenewedAt(HolderVersion? version) =>
        new() { Value = (object?)version?.RenewedAt ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.TimestampTz };
}
