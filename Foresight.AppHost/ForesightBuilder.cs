using Aspire.Hosting.ApplicationModel;
using Foresight.AppHost.Native;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Foresight.AppHost;

/// <summary>Keeps the environment and the ports of this machine out of AppHost.cs, which only describes the model.</summary>
internal static class ForesightBuilder
{
    private const int DashboardPort = 18888;

    // A DATABASE_URL or PGHOST in a developer's shell must not connect one process of the stack to another database.
    private static readonly string[] DecidedByTheModel =
    [
        "DATABASE_URL",
        "RPC_URL",
        "RPC_URLS",
        "NODE_ID",
        "POD_NAME",
        "API_URLS",
        "CLUSTER_ENABLED",
        "ASPNETCORE_HTTP_PORTS",
        "HTTP_PORTS",
        "HTTPS_PORTS",
        "PORT",
        "HOST",
        "OTEL_SERVICE_NAME",
        "OTEL_RESOURCE_ATTRIBUTES",
    ];

    private static readonly string[] PrefixesDecidedByTheModel =
    [
        "services__",
        "ConnectionStrings__",
        "DATABASE_REPLICA_",
        "REDIS_",
        "PG",
        "POSTGRES_",
    ];

    public static IDistributedApplicationBuilder Create(AppHostArguments options)
    {
        foreach (var name in Environment.GetEnvironmentVariables().Keys.Cast<string>().Where(IsDecidedByTheModel))
            Environment.SetEnvironmentVariable(name, null);
        if (Environment.GetEnvironmentVariable("DOTNET_ENVIRONMENT") is null)
            Environment.SetEnvironmentVariable("DOTNET_ENVIRONMENT", "Development");
        var builder = DistributedApplication.CreateBuilder([.. options.Rest]);
        Signals.RestoreInterrupt();
        // Without a launch profile `dotnet run` sets no environment, and services in development need to know it.
        builder.Eventing.Subscribe<BeforeStartEvent>(
            (start, _) =>
            {
                foreach (var project in builder.ExecutionContext.IsRunMode ? start.Model.Resources.OfType<ProjectResource>() : [])
                    builder.CreateResourceBuilder(project).WithEnvironment("DOTNET_ENVIRONMENT", builder.Environment.EnvironmentName);
                return Task.CompletedTask;
            }
        );
        if (options.Ephemeral)
            builder.Configuration[NativeState.EphemeralKey] = "true";
        if (builder.ExecutionContext.IsRunMode && !IsTest(builder))
            ChooseDashboardPorts(builder.Configuration);
        return builder;
    }

    /// <summary>
    /// Without the orchestrator's proxy, which accepts connections while the service is down: its clients would wait instead of asking
    /// another node. The port is the documented one, or the next free one, with a warning, if that is taken.
    /// </summary>
    public static IResourceBuilder<ProjectResource> WithPublicEndpoint(this IResourceBuilder<ProjectResource> service, int port)
    {
        var builder = service.ApplicationBuilder;
        if (builder.ExecutionContext.IsPublishMode)
            return service.WithHttpEndpoint(port: port).WithExternalHttpEndpoints();
        var given = IsTest(builder) ? FreePorts.Any() : FreePorts.From(port);
        if (given != port && !IsTest(builder))
            Console.WriteLine($"Port {port} is taken: {service.Resource.Name} is at http://localhost:{given}");
        return service.WithHttpEndpoint(port: given, isProxied: false).WithExternalHttpEndpoints();
    }

    public static IResourceBuilder<ProjectResource> WithReplicas(
        this IResourceBuilder<ProjectResource> service,
        IReadOnlyList<IResourceBuilder<IResourceWithEndpoints>> replicas
    )
    {
        for (var number = 1; number <= replicas.Count; number++)
            service
                .WithEnvironment($"DATABASE_REPLICA_{number}_URL", replicas[number - 1].GetEndpoint("tcp"))
                .WithEnvironment($"DATABASE_REPLICA_{number}_WEIGHT", number.ToString());
        return service;
    }

    public static IResourceBuilder<ProjectResource> WithReferences(
        this IResourceBuilder<ProjectResource> service,
        params IEnumerable<IResourceBuilder<ProjectResource>> others
    )
    {
        foreach (var other in others)
            service.WithReference(other);
        return service;
    }

    /// <summary>An order's trace is a page of the dashboard, unless the environment names another tracing system.</summary>
    public static IResourceBuilder<ProjectResource> WithTraceLinks(this IResourceBuilder<ProjectResource> console)
    {
        var builder = console.ApplicationBuilder;
        return builder.ExecutionContext.IsRunMode && !IsTest(builder)
            ? console.WithEnvironment("TRACE_URL", TraceUrlOf(builder.Configuration))
            : console;
    }

    /// <param name="configuration">With the dashboard's addresses, of which the first is taken.</param>
    internal static string TraceUrlOf(IConfiguration configuration) =>
        configuration["TRACE_URL"] is { Length: > 0 } given
            ? given
            : $"{configuration["ASPNETCORE_URLS"]!.Split(';')[0].TrimEnd('/')}/traces/detail/{{id}}";

    public static void AnnounceInTerminal(this IDistributedApplicationBuilder builder, IResourceBuilder<ParameterResource> adminKey)
    {
        if (builder.ExecutionContext.IsRunMode && !IsTest(builder))
            // Inserted first: the orchestrator's own start returns only after all resources have started, and a failing one delays it.
            builder.Services.Insert(
                0,
                ServiceDescriptor.Singleton<IHostedService>(services => new Announcer(
                    services.GetRequiredService<ResourceNotificationService>(),
                    services.GetRequiredService<ResourceLoggerService>(),
                    services.GetRequiredService<DistributedApplicationModel>(),
                    adminKey.Resource,
                    Console.Out,
                    Console.Error
                ))
            );
    }

    // Aspire.Hosting.Testing assigns a random port to every endpoint, so a documented one would be wrong.
    private static bool IsTest(IDistributedApplicationBuilder builder) =>
        builder.Configuration.GetValue<bool>("DcpPublisher:RandomizePorts");

    /// <summary>
    /// Two AppHosts can run side by side, each with a dashboard, because addresses that the user has not set are replaced by free ones.
    /// </summary>
    internal static void ChooseDashboardPorts(IConfiguration configuration)
    {
        string[] keys = ["ASPNETCORE_URLS", "ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL", "ASPIRE_RESOURCE_SERVICE_ENDPOINT_URL"];
        foreach (var (at, key) in keys.Index())
            if (configuration[key] is null or "" || configuration[key] == $"http://localhost:{DashboardPort + at}")
                configuration[key] = $"http://localhost:{FreePorts.From(DashboardPort + at)}";
        configuration["ASPIRE_ALLOW_UNSECURED_TRANSPORT"] ??= "true";
    }

    private static bool IsDecidedByTheModel(string name) =>
        DecidedByTheModel.Contains(name)
        || PrefixesDecidedByTheModel.Any(prefix => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase));
}
