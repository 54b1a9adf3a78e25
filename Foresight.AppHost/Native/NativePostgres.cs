using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Foresight.AppHost.Programs;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Foresight.AppHost.Native;

public sealed class NativePostgresResource(string name, NativeState state, ParameterResource password)
    : NativeServerResource(name, state, "tcp")
{
    public const string UserName = "postgres";

    /// <summary>An impostor at the port of a server that is down is given no password, and not believed without one.</summary>
    internal const string RequireProof = "Require Auth=ScramSHA256";

    public ParameterResource Password { get; } = password;

    public override ReferenceExpression ConnectionStringExpression =>
        ReferenceExpression.Create(
            $"Host={Address};Port={PrimaryEndpoint.Property(EndpointProperty.Port)};"
                + $"Username={UserName};Password={Password};{RequireProof}"
        );
}

public sealed class NativePostgresDatabaseResource(string name, NativePostgresResource parent)
    : Resource(name),
        IResourceWithParent<NativePostgresResource>,
        IResourceWithConnectionString
{
    public NativePostgresResource Parent { get; } = parent;

    public ReferenceExpression ConnectionStringExpression => ReferenceExpression.Create($"{Parent};Database={Name}");
}

internal static class NativePostgres
{
    // Connections: three matching nodes and two Api nodes each have a pool. A standby must allow as many connections as its primary, and
    // inherits this file with its copy. The slot's limit keeps an absent standby from filling the disk; beyond it the standby starts
    // from a new copy.
    private const string Settings = """

        max_connections = 200
        max_slot_wal_keep_size = 1GB
        unix_socket_directories = ''

        """;

    private static readonly TimeSpan FormerEndBound = TimeSpan.FromSeconds(20);

    public static async Task<NativeServer> PrepareAsync(
        NativePostgresResource server,
        FoundProgram program,
        ILogger logger,
        CancellationToken cancellationToken
    )
    {
        var account = await PrepareFolderAsync(server, logger, cancellationToken);
        if (!File.Exists(Path.Combine(server.DataFolder, "PG_VERSION")))
            await InitializeAsync(server, program, account, logger, cancellationToken);
        return new NativeServer
        {
            Command = [program.Path, "-D", server.DataFolder, "-h", NativeServerResource.Address, "-p", $"{server.PrimaryEndpoint.Port}"],
            RunAs = account,
            // Fast shutdown: SIGTERM would wait until every client has disconnected.
            StopSignal = "INT",
        };
    }

    public static async Task<ServerAccount?> PrepareFolderAsync(
        NativeServerResource server,
        ILogger logger,
        CancellationToken cancellationToken
    )
    {
        var folder = server.DataFolder;
        if (!Directory.Exists(folder))
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var account = ServerAccount.ForPostgres();
        account?.Own(folder);
        await WaitForFormerServerAsync(folder, logger, cancellationToken);
        return account;
    }

    /// <summary>Bypasses the pool, because a health check must see the server as a new client does. Null if the server answers.</summary>
    public static async Task<string?> ProbeAsync(string? connectionString, CancellationToken cancellationToken)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString)
        {
            Pooling = false,
            Timeout = 5,
            CommandTimeout = 5,
        };
        settings.Database ??= "postgres";
        await using var connection = new NpgsqlConnection(settings.ConnectionString);
        await connection.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand("SELECT 1", connection);
        await command.ExecuteScalarAsync(cancellationToken);
        return null;
    }

    public static async Task CreateDatabaseAsync(NativePostgresDatabaseResource database, CancellationToken cancellationToken)
    {
        var settings = new NpgsqlConnectionStringBuilder(await database.Parent.ConnectionStringExpression.GetValueAsync(cancellationToken))
        {
            Database = "postgres",
            Pooling = false,
        };
        await using var connection = new NpgsqlConnection(settings.ConnectionString);
        await connection.OpenAsync(cancellationToken);
        await using var find = new NpgsqlCommand("SELECT 1 FROM pg_database WHERE datname = $1", connection);
        find.Parameters.AddWithValue(database.Name);
        if (await find.ExecuteScalarAsync(cancellationToken) is not null)
            return;
        await using var create = new NpgsqlCommand($"CREATE DATABASE \"{database.Name.Replace("\"", "\"\"")}\"", connection);
        await create.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>
    /// After a kill of the AppHost its server may still be shutting down. After a power failure the pid file names a process that is gone
    /// or unrelated, and Postgres would refuse to start. So only a process in this very folder counts.
    /// </summary>
    private static async Task WaitForFormerServerAsync(string folder, ILogger logger, CancellationToken cancellationToken)
    {
        var file = Path.Combine(folder, "postmaster.pid");
        if (!File.Exists(file))
            return;
        var processId = File.ReadLines(file).FirstOrDefault();
        if (WorkingFolderOf(processId) == folder)
        {
            logger.LogInformation("The server of a former run (process {ProcessId}) is still ending", processId);
            using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            bound.CancelAfter(FormerEndBound);
            using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
            Signals.Send(int.Parse(processId!), Signals.Interrupt);
            // Polls, because there is no event for the end of a process that is not our child.
            try
            {
                while (WorkingFolderOf(processId) == folder)
                    await timer.WaitForNextTickAsync(bound.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                throw new DistributedApplicationException(
                    $"Process {processId} holds {folder} and does not end within {FormerEndBound.TotalSeconds:0} s."
                );
            }
        }

        File.Delete(file);
    }

    private static string? WorkingFolderOf(string? processId)
    {
        try
        {
            return new DirectoryInfo($"/proc/{processId}/cwd").LinkTarget;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static async Task InitializeAsync(
        NativePostgresResource server,
        FoundProgram program,
        ServerAccount? account,
        ILogger logger,
        CancellationToken cancellationToken
    )
    {
        var passwordFile = Path.Combine(server.DataFolder, ".password");
        var folder = Path.Combine(server.DataFolder, "new");
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
        NativeState.WriteOwnerOnly(passwordFile, await server.Password.GetValueAsync(cancellationToken) + "\n");
        account?.Own(passwordFile);
        string[] command =
        [
            .. account?.Prefix ?? [],
            Path.Combine(program.Folder, "initdb"),
            "-D",
            folder,
            "-U",
            NativePostgresResource.UserName,
            "--pwfile",
            passwordFile,
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--no-instructions",
            "--no-sync",
        ];
        await Command.RunLoggedAsync(command, server.DataFolder, program, line => logger.LogInformation("{Line}", line), cancellationToken);
        File.Delete(passwordFile);
        await File.AppendAllTextAsync(Path.Combine(folder, "postgresql.conf"), Settings, cancellationToken);
        // Only a complete cluster is moved into place, so that a kill leaves nothing that looks like one.
        foreach (var entry in new DirectoryInfo(folder).EnumerateFileSystemInfos().OrderBy(e => e.Name == "PG_VERSION"))
            Directory.Move(entry.FullName, Path.Combine(server.DataFolder, entry.Name));
        Directory.Delete(folder);
    }
}
