using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;

namespace Foresight.AppHost.LocalHosting;

/// <summary>Where the build put a project's program; generated beside <c>Projects.X</c>.</summary>
public interface IBuiltProject
{
    string TargetPath { get; }
}

internal static class ProjectLaunch
{
    public static LaunchPlan Plan(ProjectResource project, LaunchContext context)
    {
        var metadata = project.Annotations.OfType<IProjectMetadata>().Single();
        var program = (metadata as IBuiltProject)?.TargetPath
            ?? throw new DistributedApplicationException($"{metadata.GetType()} does not say where its build output is.");
        if (!File.Exists(program))
            throw new DistributedApplicationException($"{program} is missing: build the solution first.");

        var environment = context.Environment;
        environment.TryAdd("ASPNETCORE_ENVIRONMENT", context.EnvironmentName);
        environment.TryAdd("DOTNET_ENVIRONMENT", context.EnvironmentName);
        environment.TryAdd("OTEL_SERVICE_NAME", project.Name);
        environment.TryAdd("OTEL_RESOURCE_ATTRIBUTES", $"service.instance.id={context.Instance.Id}");
        environment.TryAdd("DOTNET_CLI_TELEMETRY_OPTOUT", "1");
        // libsecp256k1, where it could not be installed for the whole machine.
        if (context.Programs.UnpackedLibraries is { } libraries)
            environment.TryAdd("LD_LIBRARY_PATH", libraries);
        var urls = project.Annotations.OfType<EndpointAnnotation>()
            .Where(e => e.UriScheme.StartsWith("http", StringComparison.Ordinal))
            .Select(e => context.UrlOf(e.Name))
            .ToList();
        if (urls.Count > 0)
            environment["ASPNETCORE_URLS"] = string.Join(';', urls);

        return new LaunchPlan
        {
            Process = new ProcessSpec
            {
                FileName = DotnetHost(),
                Arguments = [program, .. context.Arguments],
                // Settings files and wwwroot are read from the project's folder, as `dotnet run` does.
                WorkingDirectory = Path.GetDirectoryName(metadata.ProjectPath)!,
                Environment = environment,
            },
        };
    }

    private static string DotnetHost()
    {
        // The muxer that runs us; a test host or an apphost executable says where it is by DOTNET_ROOT instead.
        if (Environment.ProcessPath is { } self && Path.GetFileNameWithoutExtension(self) == "dotnet")
            return self;
        if (Environment.GetEnvironmentVariable("DOTNET_ROOT") is { Length: > 0 } root && File.Exists(Path.Combine(root, "dotnet")))
            return Path.Combine(root, "dotnet");
        return "dotnet";
    }
}

internal static class ExecutableLaunch
{
    public static LaunchPlan Plan(ExecutableResource executable, LaunchContext context)
    {
        if (context.FirstEndpoint is { } endpoint)
            context.Environment.TryAdd("PORT", endpoint.Port.ToString());
        return new LaunchPlan
        {
            Process = new ProcessSpec
            {
                FileName = executable.Command,
                Arguments = context.Arguments,
                WorkingDirectory = executable.WorkingDirectory,
                Environment = context.Environment,
            },
        };
    }
}
