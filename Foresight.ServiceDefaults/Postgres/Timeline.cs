using Npgsql;

namespace Foresight.ServiceDefaults.Postgres;

/// <param name="System">System identifier from initdb, shared by a primary and all its copies.</param>
/// <param name="Number">Incremented by each promotion, so among writable servers of one system the highest is the primary.</param>
public readonly record struct Timeline(long System, uint Number)
{
    /// <summary>
    /// Reads the name of the current WAL file, because pg_control_checkpoint is as old as the last checkpoint. Null on a standby.
    /// </summary>
    private const string Question = """
        SELECT (SELECT system_identifier FROM pg_control_system()),
               CASE WHEN NOT pg_is_in_recovery() THEN ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::bigint END
        """;

    public static async Task<Timeline?> OfAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(Question, connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return reader.IsDBNull(1) ? null : new Timeline(reader.GetInt64(0), (uint)reader.GetInt64(1));
    }
}

/// <summary>
/// The server's history has ended, or belongs to another database. An <see cref="NpgsqlException"/>, so that callers treat it as an outage.
/// </summary>
public sealed class TimelineRefusedException(string message) : NpgsqlException(message);
