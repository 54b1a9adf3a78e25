using Npgsql;

namespace Foresight.Matching.Sharding;

internal static class ShardStore
{
    /// <summary>The first set-up fixes the number. A database whose markets are older than this setting has one shard.</summary>
    public static async Task<int> FixAsync(NpgsqlDataSource database, int shards, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(
            "INSERT INTO sharding (shards) SELECT CASE WHEN EXISTS (SELECT 1 FROM markets) THEN 1 ELSE $1 END ON CONFLICT DO NOTHING"
        );
        command.Parameters.AddWithValue((short)shards);
        await command.ExecuteNonQueryAsync(cancellationToken);
        return await ReadAsync(database, cancellationToken);
    }

    public static async Task<int> ReadAsync(NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("SELECT shard_count()");
        return (int)(await command.ExecuteScalarAsync(cancellationToken))!;
    }
}
