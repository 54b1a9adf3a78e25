using Npgsql;

namespace Foresight.Testing;

/// <summary>A place in the journal.</summary>
public readonly record struct JournalPlace(long Epoch, long Sequence);

/// <summary>The standby, and what an operator asks of it and of its primary.</summary>
public static class StreamingStandby
{
    public const string Name = "postgres-replica";

    public static async Task<bool> IsSynchronousAsync(string primary) =>
        await ScalarAsync(primary, "SELECT sync_state FROM pg_stat_replication") is "sync";

    public static Task PromoteAsync(string standby) => ScalarAsync(standby, "SELECT pg_promote(true, 60)");

    /// <summary>The process of the primary that sends its log: stopped, the standby gets no more of it, and the primary goes on.</summary>
    public static async Task<int> SenderAsync(string primary) => (int)(await ScalarAsync(primary, "SELECT pid FROM pg_stat_replication"))!;

    /// <summary>Commands that the lost primary had committed, and the promoted one does not have: what the promotion cost.</summary>
    public static async Task<IReadOnlySet<JournalPlace>> UnreplicatedAsync(string lost, string promoted)
    {
        var kept = await JournalAsync(promoted);
        return (await JournalAsync(lost)).Except(kept).Select(row => row.Place).ToHashSet();
    }

    /// <summary>
    /// Rows that anybody wrote there since it was started after a crash, undone ones too: the crash made it forget older counts.
    /// </summary>
    public static async Task<long> RowsWrittenAsync(string server) =>
        (long)(await ScalarAsync(server, "SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)::bigint FROM pg_stat_user_tables"))!;

    /// <summary>The first column of the first row, by a connection of its own.</summary>
    public static async Task<object?> ScalarAsync(string server, string sql)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(server) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }

    // A command whose commit nobody answered was sent again, and may be at the same place of the new history, in another epoch.
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
