using Npgsql;

namespace Foresight.Testing;

public readonly record struct JournalPlace(long Epoch, long Sequence);

public static class StreamingStandby
{
    public const string Name = "postgres-replica";

    public static async Task<bool> IsSynchronousAsync(string primary) =>
        await ScalarAsync(primary, "SELECT sync_state FROM pg_stat_replication") is "sync";

    public static Task PromoteAsync(string standby) => ScalarAsync(standby, "SELECT pg_promote(true, 60)");

    /// <summary>If this process of the primary is stopped, the standby receives no more log while the primary continues.</summary>
    public static async Task<int> SenderAsync(string primary) => (int)(await ScalarAsync(primary, "SELECT pid FROM pg_stat_replication"))!;

    public static async Task<IReadOnlySet<JournalPlace>> UnreplicatedAsync(string lost, string promoted)
    {
        var kept = await JournalAsync(promoted);
        return (await JournalAsync(lost)).Except(kept).Select(row => row.Place).ToHashSet();
    }

    /// <summary>A crash resets the counters of Postgres, so only rows written since then count, rolled back ones included.</summary>
    public static async Task<long> RowsWrittenAsync(string server) =>
        (long)(await ScalarAsync(server, "SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)::bigint FROM pg_stat_user_tables"))!;

    public static async Task<object?> ScalarAsync(string server, string sql)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(server) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }

    // A command whose commit was never confirmed is sent again, and may be at the same sequence of the new history in another epoch.
    private static async Task<List<(JournalPlace Place, Guid RequestId)>> JournalAsync(string server)
    {
        var rows = new List<(JournalPlace, Guid)>();
        await using var database = NpgsqlDataSource.Create(server);
        await using var command = database.CreateCommand("SELECT epoch, sequence, request_id FROM commands");
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
            rows.Add((new JournalPlace(reader.GetInt64(0), reader.GetInt64(1)), reader.GetGuid(2)));
        return rows;
    }
}
