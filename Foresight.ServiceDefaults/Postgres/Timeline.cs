using Npgsql;

namespace Foresight.ServiceDefaults.Postgres;

/// <summary>Whose history a server that takes writes goes on with.</summary>
/// <param name="System">Made by initdb; a primary and everything copied from it share it.</param>
/// <param name="Number">One more with each promotion, so of two servers of one system that take writes the higher one is the
/// primary.</param>
public readonly record struct Timeline(long System, uint Number)
{
    /// <summary>
    /// Asked of the log's present file name: what <c>pg_control_checkpoint</c> says is as old as the last checkpoint. Null on a standby.
    /// </summary>
    private const string Question = """
        SELECT (SELECT system_identifier FROM pg_control_system()),
               CASE WHEN NOT pg_is_in_recovery() THEN ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::bigint END
        """;

    /// <returns>Null: it is a standby and takes no writes.</returns>
    public static async Task<Timeline?> OfAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(Question, connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return Read(reader);
    }

    /// <inheritdoc cref="OfAsync"/>
    public static Timeline? Of(NpgsqlConnection connection)
    {
        using var command = new NpgsqlCommand(Question, connection);
        using var reader = command.ExecuteReader();
        reader.Read();
        return Read(reader);
    }

    private static Timeline? Read(NpgsqlDataReader reader) =>
        reader.IsDBNull(1) ? null : new Timeline(reader.GetInt64(0), (uint)reader.GetInt64(1));
}

/// <summary>A server takes writes and must get none from us: its history has ended, or is not ours.</summary>
public sealed class TimelineRefusedException(string message) : NpgsqlException(message);
