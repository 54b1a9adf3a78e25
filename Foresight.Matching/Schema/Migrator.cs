using System.Reflection;
using Npgsql;

namespace Foresight.Matching.Schema;

/// <summary>
/// Any number of processes may run it at once: an advisory lock serialises them. Each file is applied once and in a transaction of its own,
/// so a migration that fails leaves nothing behind.
/// </summary>
public sealed partial class Migrator(NpgsqlDataSource primary, ILogger<Migrator> logger)
{
    /// <summary>An arbitrary constant, distinct from those of other advisory locks: "foresite" in ASCII.</summary>
    private const long AdvisoryLock = 0x666f726573697465;

    public async Task<int> MigrateAsync(CancellationToken cancellationToken = default)
    {
        await using var connection = await primary.OpenConnectionAsync(cancellationToken);
        await ExecuteAsync(connection, $"SELECT pg_advisory_lock({AdvisoryLock})", cancellationToken);
        try
        {
            await ExecuteAsync(
                connection,
                """
                CREATE TABLE IF NOT EXISTS schema_versions (version int PRIMARY KEY, name text NOT NULL,
                    applied_at timestamptz NOT NULL DEFAULT now())
                """,
                cancellationToken
            );
            var applied = await AppliedAsync(connection, cancellationToken);
            var count = 0;
            foreach (var file in Files().Where(file => !applied.Contains(file.Version)))
            {
                await ApplyAsync(connection, file, cancellationToken);
                Log.Applied(logger, file.Name);
                count++;
            }

            return count;
        }
        finally
        {
            await ExecuteAsync(connection, $"SELECT pg_advisory_unlock({AdvisoryLock})", CancellationToken.None);
        }
    }

    private static async Task ApplyAsync(NpgsqlConnection connection, SchemaFile file, CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using var script = new NpgsqlCommand(file.Sql, connection, transaction) { CommandTimeout = 0 };
        await script.ExecuteNonQueryAsync(cancellationToken);
        await using var record = new NpgsqlCommand("INSERT INTO schema_versions (version, name) VALUES ($1, $2)", connection, transaction)
        {
            Parameters =
            {
                new() { Value = file.Version },
                new() { Value = file.Name },
            },
        };
        await record.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private static async Task<HashSet<int>> AppliedAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT version FROM schema_versions", connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var versions = new HashSet<int>();
        while (await reader.ReadAsync(cancellationToken))
            versions.Add(reader.GetInt32(0));
        return versions;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 120 };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Resources are named "Schema/NNNN_name.sql", so that the order of their names is that of their versions.</summary>
    private static IEnumerable<SchemaFile> Files()
    {
        var assembly = Assembly.GetExecutingAssembly();
        foreach (
            var resource in assembly
                .GetManifestResourceNames()
                .Where(name => name.StartsWith("Schema/", StringComparison.Ordinal))
                .Order(StringComparer.Ordinal)
        )
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!);
            var name = Path.GetFileNameWithoutExtension(resource);
            yield return new SchemaFile(int.Parse(name.AsSpan(0, 4)), name, reader.ReadToEnd());
        }
    }

    private sealed record SchemaFile(int Version, string Name, string Sql);

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "Applied schema {Name}.")]
        public static partial void Applied(ILogger logger, string name);
    }
}
