using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Foresight.AppHost.Native;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Foresight.Testing;

public static class TestApplication
{
    /// <summary>The first run on a machine installs missing programs, which takes minutes.</summary>
    public static readonly TimeSpan StartBound = TimeSpan.FromMinutes(5);

    private const string ProcessId = "executable.pid";
    private const int LastLines = 15;
    private const int StartAttempts = 3;

    // Aspire looks for the app host's assembly among its callers: this one, which optimised code must not inline.
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static IDistributedApplicationTestingBuilder CreateBuilder() => DistributedApplicationTestingBuilder.Create().Quiet();

    public static async Task<IDistributedApplicationTestingBuilder> CreateStackAsync(params string[] arguments)
    {
        var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.Foresight_AppHost>(arguments);
        // Tests have no dashboard: services would wait at shutdown to send their telemetry nowhere.
        foreach (var project in builder.Resources.OfType<ProjectResource>())
            builder.CreateResourceBuilder(project).WithoutTelemetry();
        return builder.Quiet();
    }

    /// <summary>
    /// Aspire sends each service to its dashboard, which a test does not have: the service would try for nothing, and wait for
    /// that when it stops.
    /// </summary>
    public static IResourceBuilder<ProjectResource> WithoutTelemetry(this IResourceBuilder<ProjectResource> service) =>
        service.WithEnvironment(context => context.EnvironmentVariables.Remove("OTEL_EXPORTER_OTLP_ENDPOINT"));

    public static async Task<DistributedApplication> StartAsync(this IDistributedApplicationTestingBuilder builder, params string[] healthy)
    {
        var application = await builder.BuildAsync();
        await application.StartAsync().WaitAsync(StartBound);
        await application.WaitHealthyAsync(healthy);
        return application;
    }

    public static async Task WaitHealthyAsync(this DistributedApplication application, params string[] resources)
    {
        using var deadline = new CancellationTokenSource(StartBound);
        foreach (var resource in resources)
        {
            try
            {
                await application.ResourceNotifications.WaitForResourceHealthyAsync(resource, deadline.Token);
            }
            catch (Exception e) when (e is OperationCanceledException or DistributedApplicationException)
            {
                throw new InvalidOperationException($"{e.Message}\n{await LogsAsync(application)}", e);
            }
        }
    }

    public static async Task<string> ConnectionAsync(this DistributedApplication application, string resource) =>
        await application.GetConnectionStringAsync(resource) ?? throw new InvalidOperationException($"{resource} has no connection string");

    /// <summary>Without the retries and circuit breaker of Aspire's test clients, because tests check the first answer.</summary>
    public static HttpClient CreatePlainClient(this DistributedApplication application, string resource) =>
        new(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = application.GetEndpoint(resource) };

    public static async Task KillAsync(this DistributedApplication application, string resource)
    {
        await application.ExecuteAsync(resource, "kill");
        await application.WaitEndedAsync(resource);
    }

    /// <summary>
    /// The orchestrator's own timeout is shorter than the time a service may take to close its clients, so its end is awaited here.
    /// </summary>
    public static async Task StopServerAsync(this DistributedApplication application, string resource)
    {
        await application.ResourceCommands.ExecuteCommandAsync(resource, KnownResourceCommands.StopCommand);
        await application.WaitEndedAsync(resource);
    }

    /// <summary>
    /// Again if it does not come up: soon after a kill the orchestrator has refused a start because it was still removing what had ended,
    /// and has reported a server as failed that it had just started.
    /// </summary>
    public static async Task StartServerAsync(this DistributedApplication application, string resource)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await application.ExecuteAsync(resource, KnownResourceCommands.StartCommand);
                await application.WaitHealthyAsync(resource);
                return;
            }
            catch (InvalidOperationException) when (attempt < StartAttempts)
            {
                // Tried again.
            }
        }
    }

    public static async Task ExecuteAsync(this DistributedApplication application, string resource, string command)
    {
        var model = application.Services.GetRequiredService<DistributedApplicationModel>();
        var done = model.Resources.FirstOrDefault(r => r.Name == resource) is { } whole
            ? await application.ResourceCommands.ExecuteCommandAsync(whole, command)
            : await application.ResourceCommands.ExecuteCommandAsync(resource, command);
        if (!done.Success)
            throw new InvalidOperationException($"{command} {resource}: {done.Message}");
    }

    public static IDisposable Freeze(this DistributedApplication application, string resource) =>
        new FrozenProcesses(application.ProcessIdOf(resource));

    public static int ProcessIdOf(this DistributedApplication application, string resource) =>
        application
            .Services.GetRequiredService<DistributedApplicationModel>()
            .Resources.OfType<NativeServerResource>()
            .Single(server => server.Name == resource)
            .ProcessId
        ?? throw new InvalidOperationException($"{resource} does not run");

    /// <summary>Of a project, which the orchestrator runs; it knows the number of the process that it started.</summary>
    public static async Task<int> ServiceProcessIdAsync(this DistributedApplication application, string resource)
    {
        var seen = await application
            .ResourceNotifications.WaitForResourceAsync(
                resource,
                one => one.Snapshot.Properties.Any(property => property.Name == ProcessId)
            )
            .WaitAsync(StartBound);
        return Convert.ToInt32(seen.Snapshot.Properties.First(property => property.Name == ProcessId).Value, CultureInfo.InvariantCulture);
    }

    private static Task WaitEndedAsync(this DistributedApplication application, string resource) =>
        application
            .ResourceNotifications.WaitForResourceAsync(
                resource,
                seen => KnownResourceStates.TerminalStates.Contains(seen.Snapshot.State?.Text)
            )
            .WaitAsync(StartBound);

    private static async Task<string> LogsAsync(DistributedApplication application)
    {
        var text = new StringBuilder();
        var loggers = application.Services.GetRequiredService<ResourceLoggerService>();
        foreach (var resource in application.Services.GetRequiredService<DistributedApplicationModel>().Resources)
        {
            var lines = new List<string>();
            try
            {
                await foreach (var batch in loggers.GetAllAsync(resource))
                    lines.AddRange(batch.Select(line => line.Content));
            }
            // The orchestrator has none of a resource that it is removing; the failure that is being reported must not be hidden by that.
            catch (Exception e)
            {
                lines.Add($"(no log: {e.Message})");
            }

            if (lines.Count > 0)
                text.AppendLine($"--- {resource.Name}").AppendJoin('\n', lines.TakeLast(LastLines)).AppendLine();
        }

        return text.ToString();
    }

    // Health checks and HTTP clients log every request, which would bury the result of a test.
    private static IDistributedApplicationTestingBuilder Quiet(this IDistributedApplicationTestingBuilder builder)
    {
        builder.Services.AddLogging(logging => logging.ClearProviders());
        return builder;
    }
}
