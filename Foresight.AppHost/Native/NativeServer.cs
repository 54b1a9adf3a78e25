using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Foresight.AppHost.Programs;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;

namespace Foresight.AppHost.Native;

internal sealed record NativeServer
{
    public required IReadOnlyList<string> Command { get; init; }

    public string StopSignal { get; init; } = "TERM";

    public ServerAccount? RunAs { get; init; }

    /// <summary>
    /// A server that is killed while it writes leaves an incomplete file, so only a complete draft replaces the kept one.
    /// </summary>
    public (string Draft, string Kept)? WrittenAtEnd { get; init; }
}

internal static class NativeServerExtensions
{
    // The orchestrator stops its child, this shell, with SIGTERM; the shell forwards the server's own shutdown signal. If the shell is
    // killed, the kernel signals the server (setpriv --pdeathsig). A trap interrupts `wait`, so the loop repeats it until the server has
    // ended. If the AppHost was killed, the last server to end removes an ephemeral folder.
    private const string Script = """
        signal=$1 pid_file=$2 draft=$3 kept=$4 app_host=$5 throw_away=$6; shift 6
        stop() { stopping=1; [ -z "$pid" ] || kill -s "$signal" "$pid"; }
        trap stop TERM INT HUP
        "$@" </dev/null & pid=$!
        echo "$pid" > "$pid_file"
        [ -z "$stopping" ] || stop
        while wait "$pid"; code=$?; kill -0 "$pid" 2>/dev/null; do :; done
        rm -f "$pid_file"
        [ "$code" != 0 ] || [ ! -s "$draft" ] || mv "$draft" "$kept"
        [ -z "$throw_away" ] || kill -0 "$app_host" 2>/dev/null || rm -rf "$throw_away"
        exit "$code"
        """;

    /// <param name="probe">Null if the server answers as expected, else its answer; throws if the server cannot be reached.</param>
    public static IResourceBuilder<T> AddNativeServer<T>(
        this IDistributedApplicationBuilder builder,
        T resource,
        string scheme,
        Tool tool,
        Func<FoundProgram, ILogger, CancellationToken, Task<NativeServer>> prepare,
        Func<CancellationToken, Task<string?>> probe
    )
        where T : NativeServerResource
    {
        NativeServer? server = null;
        FoundProgram? program = null;
        var check = $"{resource.Name}-answers";
        builder.Services.AddHealthChecks().AddAsyncCheck(check, cancellationToken => ProbeAsync(probe, cancellationToken));
        return builder
            .AddResource(resource)
            .WithEndpoint(port: FreePorts.Any(), scheme: scheme, name: resource.PrimaryEndpoint.EndpointName, isProxied: false)
            .WithEndpoint(resource.PrimaryEndpoint.EndpointName, endpoint => endpoint.TargetHost = NativeServerResource.Address)
            .WithHealthCheck(check)
            .OnBeforeResourceStarted(
                async (_, started, cancellationToken) =>
                {
                    var logger = started.Services.GetRequiredService<ResourceLoggerService>().GetLogger(resource);
                    resource.State.EnsureOpen();
                    File.Delete(resource.ProcessIdFile);
                    program = await new ProgramFinder(line => logger.LogInformation("{Line}", line)).RequireAsync(tool, cancellationToken);
                    server = await prepare(program, logger, cancellationToken);
                }
            )
            .WithEnvironment(context =>
            {
                if (program?.LibraryFolder is { } libraries)
                    context.EnvironmentVariables["LD_LIBRARY_PATH"] = libraries;
                if (program is not null)
                    context.EnvironmentVariables["PATH"] = $"{program.Folder}:{Environment.GetEnvironmentVariable("PATH")}";
            })
            .WithArgs(context =>
            {
                if (server is null)
                    return;
                var (draft, kept) = server.WrittenAtEnd ?? (string.Empty, string.Empty);
                string[] arguments =
                [
                    "-c",
                    Script,
                    resource.Name,
                    server.StopSignal,
                    resource.ProcessIdFile,
                    draft,
                    kept,
                    $"{Environment.ProcessId}",
                    resource.State.Ephemeral ? resource.State.Path : string.Empty,
                    "setpriv",
                    "--pdeathsig",
                    server.StopSignal,
                    .. server.RunAs?.Prefix.Skip(1) ?? ["--"],
                    .. server.Command,
                ];
                foreach (var argument in arguments)
                    context.Args.Add(argument);
            })
            .WithCommand(
                "kill",
                "kill -9",
                _ => Task.FromResult(Kill(resource)),
                new CommandOptions
                {
                    Description = "ends the server at once, as a crash does",
                    IconName = "Flash",
                    UpdateState = context =>
                        context.ResourceSnapshot.State?.Text == KnownResourceStates.Running
                            ? ResourceCommandState.Enabled
                            : ResourceCommandState.Disabled,
                }
            );
    }

    private static ExecuteCommandResult Kill(NativeServerResource resource)
    {
        try
        {
            Signals.Send(resource.ProcessId ?? 0, Signals.Kill);
            return CommandResults.Success();
        }
        catch (Exception e) when (e is System.ComponentModel.Win32Exception or ArgumentOutOfRangeException)
        {
            return CommandResults.Failure($"{resource.Name} does not run.");
        }
    }

    public static async Task<HealthCheckResult> ProbeAsync(
        Func<CancellationToken, Task<string?>> probe,
        CancellationToken cancellationToken
    )
    {
        try
        {
            return await probe(cancellationToken) is { } problem ? HealthCheckResult.Unhealthy(problem) : HealthCheckResult.Healthy();
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            return HealthCheckResult.Unhealthy(e.Message);
        }
    }
}
