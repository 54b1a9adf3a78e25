using Foresight.Protocol;
using Npgsql;

namespace Foresight.Testing;

public enum FreezePoint
{
    BeforeInsert,

    BeforeCommit,
}

/// <summary>
/// The product has no hook for stopping a process within a transaction, so triggers in the database wait for a lock at the chosen point.
/// </summary>
public sealed class CommitFreeze : IAsyncDisposable
{
    /// <summary>Any number will do, because no other code locks it.</summary>
    private const long Lock = 0x6672_6565_7A65;

    private readonly NpgsqlDataSource _database;
    private readonly NpgsqlConnection _holder;
    private readonly string _session;

    private CommitFreeze(NpgsqlDataSource database, NpgsqlConnection holder, string session) =>
        (_database, _holder, _session) = (database, holder, session);

    /// <summary>Once per database. Stays, because without an armed freeze a trigger costs only a read of an empty table.</summary>
    public static Task InstallAsync(NpgsqlDataSource database) =>
        ExecuteAsync(
            database,
            $"""
            CREATE TABLE commit_freeze (point text NOT NULL, session_name text NOT NULL);
            CREATE FUNCTION commit_freeze() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF EXISTS (SELECT 1 FROM commit_freeze WHERE point = TG_ARGV[0] AND session_name = current_setting('application_name')) THEN
                    PERFORM pg_advisory_xact_lock_shared({Lock});
                END IF;
                RETURN NULL;
            END $$;
            CREATE TRIGGER freeze_insert BEFORE INSERT ON commands
            FOR EACH STATEMENT EXECUTE FUNCTION commit_freeze('{FreezePoint.BeforeInsert}');
            CREATE CONSTRAINT TRIGGER freeze_commit AFTER INSERT ON commands DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW EXECUTE FUNCTION commit_freeze('{FreezePoint.BeforeCommit}');
            """
        );

    public static async Task<CommitFreeze> ArmAsync(NpgsqlDataSource database, FreezePoint point)
    {
        var holder = await database.OpenConnectionAsync();
        await using (var take = new NpgsqlCommand($"SELECT pg_advisory_lock({Lock})", holder))
            await take.ExecuteNonQueryAsync();
        await using var arm = database.CreateCommand(
            "INSERT INTO commit_freeze SELECT $1, session_name FROM leadership WHERE resource = $2 RETURNING session_name"
        );
        arm.Parameters.AddWithValue(point.ToString());
        arm.Parameters.AddWithValue(LeasedResources.Matching);
        return new CommitFreeze(database, holder, (string)(await arm.ExecuteScalarAsync())!);
    }

    public async Task<bool> HoldsOneAsync()
    {
        await using var command = _database.CreateCommand(
            """
            SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE application_name = $1 AND wait_event_type = 'Lock'
                AND wait_event = 'advisory')
            """
        );
        command.Parameters.AddWithValue(_session);
        return (bool)(await command.ExecuteScalarAsync())!;
    }

    public async ValueTask DisposeAsync()
    {
        await ExecuteAsync(_database, "DELETE FROM commit_freeze");
        await using (var release = new NpgsqlCommand($"SELECT pg_advisory_unlock({Lock})", _holder))
            await release.ExecuteNonQueryAsync();
        await _holder.DisposeAsync();
    }

    private static async Task ExecuteAsync(NpgsqlDataSource database, string sql)
    {
        await using var command = database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
