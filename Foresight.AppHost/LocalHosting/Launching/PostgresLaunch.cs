using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Foresight.AppHost.Programs;
using Npgsql;

namespace Foresight.AppHost.LocalHosting;

/// <summary>A primary: made by initdb at its first start, with the password of its parameter.</summary>
internal static class PostgresLaunch
{
    // Three nodes and two Api nodes each have a pool. A standby must allow as many as its primary, and gets this file with its copy.
    // A standby that stays away must not fill the disk: beyond this it starts over.
    private const string Settings = """

        max_connections = 200
        max_slot_wal_keep_size = 1GB
        unix_socket_directories = ''

        """;

    public static async Task<LaunchPlan> PlanAsync(
        PostgresServerResource server, LaunchContext context, CancellationToken cancellationToken)
    {
        var postgres = await context.Programs.RequireAsync(Tool.Postgres, cancellationToken);
        var endpoint = context.RequiredEndpoint;
        var account = PostgresAccount.ToRunAs();
        context.CreateDataFolder(account);
        context.Environment["PGDATA"] = context.DataFolder;
        postgres.AddTo(context.Environment);
        // Postgres reads a password file while it makes its cluster; ours never touches the disk outside the data folder's parent.
        if (!File.Exists(Path.Combine(context.DataFolder, "PG_VERSION")))
            await InitializeAsync(server, context, postgres, account, cancellationToken);
        PostgresAccount.RemoveStalePidFile(context.DataFolder);

        var connection = await server.GetConnectionStringAsync(cancellationToken);
        return new LaunchPlan
        {
            Process = new ProcessSpec
            {
                FileName = Path.Combine(postgres.Folder, "postgres"),
                Arguments = ["-D", context.DataFolder, "-h", endpoint.Host, "-p", endpoint.Port.ToString(), .. context.Arguments],
                WorkingDirectory = context.DataFolder,
                Environment = context.Environment,
                RunAs = account,
                // Fast shutdown: SIGTERM would wait for every client to leave.
                StopSignal = Native.SignalInterrupt,
            },
            Probe = token => Probes.PostgresAsync(connection!, token),
        };
    }

    private static async Task InitializeAsync(
        PostgresServerResource server, LaunchContext context, FoundProgram postgres, UserAccount? account,
        CancellationToken cancellationToken)
    {
        var passwordFile = Path.Combine(context.DataFolder, ".password");
        var options = new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        };
        var folder = Path.Combine(context.DataFolder, "new");
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
        await using (var writer = new StreamWriter(passwordFile, options))
            await writer.WriteLineAsync(await server.PasswordParameter.GetRequiredValueAsync(cancellationToken));
        if (account is not null)
            Native.ChangeOwner(passwordFile, account);
        var initialize = new ProcessSpec
        {
            FileName = Path.Combine(postgres.Folder, "initdb"),
            Arguments =
            [
                "-D", folder, "-U", await server.UserNameAsync(cancellationToken), "--pwfile", passwordFile,
                "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-instructions", "--no-sync",
            ],
            WorkingDirectory = context.DataFolder,
            Environment = context.Environment,
            RunAs = account,
        };
        if (await context.RunAsync(initialize, cancellationToken) != 0)
            throw new DistributedApplicationException("initdb failed; see the log above.");
        File.Delete(passwordFile);
        await File.AppendAllTextAsync(Path.Combine(folder, "postgresql.conf"), Settings, cancellationToken);
        // Only a finished cluster gets its place: a death in between leaves nothing that looks like one.
        foreach (var entry in new DirectoryInfo(folder).EnumerateFileSystemInfos().OrderBy(e => e.Name == "PG_VERSION"))
            Directory.Move(entry.FullName, Path.Combine(context.DataFolder, entry.Name));
        Directory.Delete(folder);
    }
}

internal static class PostgresDatabaseLaunch
{
    public static LaunchPlan Plan(PostgresDatabaseResource database) => new()
    {
        Probe = async cancellationToken =>
        {
            await CreateAsync(database, cancellationToken);
            return null;
        },
    };

    private static async Task CreateAsync(PostgresDatabaseResource database, CancellationToken cancellationToken)
    {
        var server = await database.Parent.ConnectionAsync("postgres", cancellationToken);
        server.Pooling = false;
        await using var connection = new NpgsqlConnection(server.ConnectionString);
        await connection.OpenAsync(cancellationToken);
        await using var find = new NpgsqlCommand("SELECT 1 FROM pg_database WHERE datname = $1", connection);
        find.Parameters.AddWithValue(database.DatabaseName);
        if (await find.ExecuteScalarAsync(cancellationToken) is not null)
            return;
        var name = database.DatabaseName.Replace("\"", "\"\"", StringComparison.Ordinal);
        await using var create = new NpgsqlCommand($"CREATE DATABASE \"{name}\"", connection);
        await create.ExecuteNonQueryAsync(cancellationToken);
    }
}
