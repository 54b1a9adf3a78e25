using System.Text.Json;
using Microsoft.Extensions.Logging;
using Npgsql;
using NpgsqlTypes;

namespace Foresight.Matching.Leadership;

/// <summary>The leadership rows in Postgres: who may write.</summary>
public sealed partial class TermStore(NpgsqlDataSource primary, ILogger<TermStore> logger)
{
    /// <summary>A transaction of the term before that still holds the row after this long is ended again.</summary>
    private const int LockTimeoutMs = 500;

    /// <summary>Bound on a take-over that keeps meeting new sessions of the old holder.</summary>
    private const int MaximumAttempts = 10;

    /// <summary>
    /// Starts a new term: ends the sessions of the holder before (a stopped process may have a transaction open that holds the row), then
    /// takes the next epoch with a fresh token. From its commit on, nothing of an earlier term can be written.
    /// </summary>
    /// <param name="sessionName">application_name of the new holder's sessions.</param>
    public async Task<(Term Term, string? PreviousNodeId)> TakeAsync(
        string resource, Guid token, string nodeId, string address, string sessionName, CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await EndSessionsOfHolderAsync(resource, cancellation);
                return await TakeOnceAsync(resource, token, nodeId, address, sessionName, cancellation);
            }
            catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.LockNotAvailable && attempt < MaximumAttempts)
            {
                Log.RowHeld(logger, resource, attempt);
            }
        }
    }

    /// <summary>Whether a session of the term with this token is still connected.</summary>
    public async Task<bool> SessionLivesAsync(string resource, Guid token, CancellationToken cancellation)
    {
        await using var command = primary.CreateCommand(
            """
            SELECT EXISTS (SELECT 1 FROM leadership l JOIN pg_stat_activity a ON a.application_name = l.session_name
                           WHERE l.resource = $1 AND l.token = $2)
                OR NOT EXISTS (SELECT 1 FROM leadership WHERE resource = $1 AND token = $2)
            """);
        command.Parameters.AddWithValue(resource);
        command.Parameters.AddWithValue(token);
        return (bool)(await command.ExecuteScalarAsync(cancellation))!;
    }

    /// <summary>
    /// Writes how long each phase took. It is history, not state: written without the fence, after the fact, and added to what is there, because
    /// two reports may overtake each other.
    /// </summary>
    public async Task RecordPhasesAsync(Term term, IReadOnlyDictionary<string, double> phases, CancellationToken cancellation)
    {
        await using var command = primary.CreateCommand("UPDATE leadership_history SET phases = phases || $3 WHERE resource = $1 AND epoch = $2");
        command.Parameters.AddWithValue(term.Resource);
        command.Parameters.AddWithValue(term.Epoch);
        command.Parameters.AddWithValue(NpgsqlDbType.Jsonb, JsonSerializer.Serialize(phases));
        await command.ExecuteNonQueryAsync(cancellation);
    }

    private async Task EndSessionsOfHolderAsync(string resource, CancellationToken cancellation)
    {
        await using var command = primary.CreateCommand(
            """
            SELECT count(pg_terminate_backend(a.pid)) FROM leadership l JOIN pg_stat_activity a ON a.application_name = l.session_name
            WHERE l.resource = $1 AND a.pid <> pg_backend_pid()
            """);
        command.Parameters.AddWithValue(resource);
        if (await command.ExecuteScalarAsync(cancellation) is long and > 0 and var ended) Log.SessionsEnded(logger, ended, resource);
    }

    private async Task<(Term Term, string? PreviousNodeId)> TakeOnceAsync(
        string resource, Guid token, string nodeId, string address, string sessionName, CancellationToken cancellation)
    {
        await using var connection = await primary.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await using var timeout = new NpgsqlCommand($"SET LOCAL lock_timeout = {LockTimeoutMs}", connection, transaction);
        await timeout.ExecuteNonQueryAsync(cancellation);

        await using var previous = new NpgsqlCommand("SELECT node_id FROM leadership WHERE resource = $1 FOR UPDATE", connection, transaction)
        {
            Parameters = { new() { Value = resource } },
        };
        var previousNodeId = await previous.ExecuteScalarAsync(cancellation) as string;

        await using var take = new NpgsqlCommand(
            """
            WITH term AS (
                INSERT INTO leadership AS l (resource, epoch, token, node_id, address, session_name, acquired_at)
                VALUES ($1, 1, $2, $3, $4, $5, clock_timestamp())
                ON CONFLICT (resource) DO UPDATE SET
                    epoch = l.epoch + 1, token = excluded.token, node_id = excluded.node_id, address = excluded.address,
                    session_name = excluded.session_name, acquired_at = excluded.acquired_at
                RETURNING resource, epoch, acquired_at)
            INSERT INTO leadership_history (resource, epoch, node_id, previous_node_id, acquired_at)
            SELECT resource, epoch, $3, $6, acquired_at FROM term RETURNING epoch
            """,
            connection, transaction)
        {
            Parameters =
            {
                new() { Value = resource }, new() { Value = token }, new() { Value = nodeId }, new() { Value = address },
                new() { Value = sessionName }, new() { Value = (object?)previousNodeId ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text },
            },
        };
        var epoch = (long)(await take.ExecuteScalarAsync(cancellation))!;
        await transaction.CommitAsync(cancellation);
        return (new Term(resource, epoch, token, nodeId), previousNodeId);
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "Ended {Count} database sessions of the term of {Resource} before.")]
        public static partial void SessionsEnded(ILogger logger, long count, string resource);

        [LoggerMessage(LogLevel.Warning, "A transaction of an earlier term still holds the leadership row of {Resource} (attempt {Attempt}); its session is ended.")]
        public static partial void RowHeld(ILogger logger, string resource, int attempt);
    }
}
