using System.Text.Json;
using Npgsql;
using NpgsqlTypes;

namespace Foresight.Matching.Leadership;

public sealed class PostgresLeadershipTable(NpgsqlDataSource primary) : ILeadershipTable
{
    public Task<long> EndSessionsOfHolderAsync(string resource, CancellationToken cancellationToken) =>
        RoundTrip.WithinAsync(RoundTrip.TakeOverLimit, cancellationToken, () => EndSessionsAsync(resource));

    public Task<(Term Term, string? PreviousNodeId)> TakeAsync(
        NewHolder holder,
        TimeSpan lockTimeout,
        CancellationToken cancellationToken
    ) => RoundTrip.WithinAsync(RoundTrip.TakeOverLimit, cancellationToken, () => TakeRowAsync(holder, lockTimeout, cancellationToken));

    private async Task<long> EndSessionsAsync(string resource)
    {
        await using var command = primary.CreateCommand(
            """
            SELECT count(pg_terminate_backend(a.pid)) FROM leadership l JOIN pg_stat_activity a ON a.application_name = l.session_name
            WHERE l.resource = $1 AND a.pid <> pg_backend_pid()
            """
        );
        command.Parameters.AddWithValue(resource);
        return await command.ExecuteScalarAsync() is long ended ? ended : 0;
    }

    // One statement, hence one round trip: a client that stopped between several would keep the row locked, and every other node out, until
    // it resumed.
    private async Task<(Term Term, string? PreviousNodeId)> TakeRowAsync(
        NewHolder holder,
        TimeSpan lockTimeout,
        CancellationToken cancellationToken
    )
    {
        await using var command = primary.CreateCommand(
            """
            WITH patience AS MATERIALIZED (SELECT set_config('lock_timeout', $6, true)),
            previous AS MATERIALIZED (SELECT l.node_id FROM patience, leadership l WHERE l.resource = $1 FOR UPDATE OF l),
            term AS (
                INSERT INTO leadership AS l (resource, epoch, token, node_id, address, session_name, acquired_at)
                SELECT $1, 1, $2, $3, $4, $5, clock_timestamp() FROM (SELECT count(*) FROM previous) waited
                ON CONFLICT (resource) DO UPDATE SET
                    epoch = l.epoch + 1, token = excluded.token, node_id = excluded.node_id, address = excluded.address,
                    session_name = excluded.session_name, acquired_at = excluded.acquired_at
                RETURNING resource, epoch, acquired_at)
            INSERT INTO leadership_history (resource, epoch, node_id, previous_node_id, acquired_at)
            SELECT resource, epoch, $3, (SELECT node_id FROM previous), acquired_at FROM term RETURNING epoch, previous_node_id
            """
        );
        command.Parameters.AddWithValue(holder.Resource);
        command.Parameters.AddWithValue(holder.Token);
        command.Parameters.AddWithValue(holder.NodeId);
        command.Parameters.AddWithValue(holder.Address);
        command.Parameters.AddWithValue(holder.SessionName);
        command.Parameters.AddWithValue($"{(long)lockTimeout.TotalMilliseconds}ms");
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        var term = new Term(holder.Resource, reader.GetInt64(0), holder.Token, holder.NodeId);
        return (term, reader.IsDBNull(1) ? null : reader.GetString(1));
    }

    public async Task<bool> SessionLivesAsync(string resource, Guid token, CancellationToken cancellationToken)
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
        return (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
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
}
