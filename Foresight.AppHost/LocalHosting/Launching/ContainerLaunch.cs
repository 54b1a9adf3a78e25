using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Foresight.AppHost.Programs;

namespace Foresight.AppHost.LocalHosting;

/// <summary>An image of which we know the native programs, and what its entry point does with its arguments.</summary>
internal sealed record NativeImage(string Name, Tool Tool, IReadOnlyList<string> EntryPoint, int StopSignal)
{
    private static readonly NativeImage[] Known =
    [
        new("postgres", Tool.Postgres, [], Native.SignalInterrupt),
        new("redis", Tool.Redis, [], Native.SignalTerminate),
        new("foundry", Tool.Anvil, ["/bin/sh", "-c"], Native.SignalInterrupt),
    ];

    public static NativeImage Of(ContainerResource container)
    {
        var image = container.Annotations.OfType<ContainerImageAnnotation>().Single().Image;
        return Array.Find(Known, k => k.Name == image.Split('/')[^1])
            ?? throw new DistributedApplicationException(
                $"Resource '{container.Name}': the image '{image}' has no native programs known here; known are "
                + $"{string.Join(", ", Known.Select(k => k.Name))}. Run with UseAspire=true to use containers.");
    }
}

/// <summary>
/// Runs an image's arguments over native programs: PATH finds what the image holds, PORT and HOST say where to listen, PGDATA is Postgres'
/// data folder, and STATE_FILE, where there is one, is what a chain goes on from.
/// </summary>
internal static class ContainerLaunch
{
    public static async Task<LaunchPlan> PlanAsync(ContainerResource container, LaunchContext context, CancellationToken cancellationToken)
    {
        var image = NativeImage.Of(container);
        var program = await context.Programs.RequireAsync(image.Tool, cancellationToken);
        var account = image.Tool == Tool.Postgres ? PostgresAccount.ToRunAs() : null;
        context.CreateDataFolder(account);
        var environment = context.Environment;
        program.AddTo(environment);
        if (context.FirstEndpoint is { } endpoint)
        {
            environment["HOST"] = endpoint.Host;
            environment["PORT"] = endpoint.Port.ToString();
        }
        if (account is not null)
            environment["HOME"] = context.DataFolder;
        if (image.Tool == Tool.Postgres)
        {
            environment["PGDATA"] = context.DataFolder;
            PostgresAccount.RemoveStalePidFile(context.DataFolder);
        }

        Func<CancellationToken, Task>? save = null;
        if (image.Tool == Tool.Anvil && context.FirstEndpoint is { } chain)
        {
            var stateFile = ChainState.FileIn(context.DataFolder);
            if (File.Exists(stateFile))
                environment["STATE_FILE"] = stateFile;
            save = token => ChainState.SaveAsync($"http://{chain.Host}:{chain.Port}", stateFile, token);
        }

        IReadOnlyList<string> command = [.. image.EntryPoint, .. context.Arguments];
        if (command.Count == 0)
            throw new DistributedApplicationException($"Resource '{container.Name}' needs arguments that say what to run.");
        return new LaunchPlan
        {
            Process = new ProcessSpec
            {
                FileName = command[0],
                Arguments = [.. command.Skip(1)],
                WorkingDirectory = context.DataFolder,
                Environment = environment,
                RunAs = account,
                StopSignal = image.StopSignal,
            },
            Probe = ProbeOf(image, context),
            Save = save,
        };
    }

    private static Func<CancellationToken, Task<string?>>? ProbeOf(NativeImage image, LaunchContext context)
    {
        if (context.FirstEndpoint is not { } endpoint)
            return null;
        switch (image.Tool)
        {
            case Tool.Postgres:
                var connection = new Npgsql.NpgsqlConnectionStringBuilder
                {
                    Host = endpoint.Host,
                    Port = endpoint.Port,
                    Database = "postgres",
                    Username = context.Environment.GetValueOrDefault("PGUSER") ?? "postgres",
                    Password = context.Environment.GetValueOrDefault("PGPASSWORD")
                        ?? context.Environment.GetValueOrDefault("POSTGRES_PASSWORD"),
                }.ConnectionString;
                return token => Probes.PostgresAsync(connection, token);
            case Tool.Redis:
                return token => Probes.RedisAsync(endpoint.Host, endpoint.Port, token);
            case Tool.Anvil:
                return token => Probes.EthereumAsync($"http://{endpoint.Host}:{endpoint.Port}", token);
            default:
                return token => Probes.TcpAsync(endpoint.Host, endpoint.Port, token);
        }
    }
}
