using System.Diagnostics;
using Aspire.Hosting.ApplicationModel;
using Foresight.AppHost.Native;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace Foresight.AppHost;

/// <summary>
/// Prints to the terminal what the dashboard shows in colour: failed resources with their reason, and when all are ready.
/// </summary>
internal sealed class Announcer(
    ResourceNotificationService notifications,
    ResourceLoggerService loggers,
    DistributedApplicationModel model,
    ParameterResource adminKey
) : BackgroundService
{
    private const int LastLines = 10;

    private readonly Dictionary<string, ResourceEvent> _seen = new();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await WatchAsync(stoppingToken);
        }
        catch (Exception e) when (!stoppingToken.IsCancellationRequested)
        {
            await Console.Error.WriteLineAsync($"The terminal shows nothing more of the resources, the dashboard does: {e.Message}");
        }
    }

    private async Task WatchAsync(CancellationToken stoppingToken)
    {
        var announced = false;
        await foreach (var change in notifications.WatchAsync(stoppingToken))
        {
            var before = _seen.GetValueOrDefault(change.ResourceId);
            _seen[change.ResourceId] = change;
            if (HasFailed(change.Snapshot) && (before is null || !HasFailed(before.Snapshot)))
                await ExplainAsync(change, stoppingToken);
            if (announced || !IsEverythingThere())
                continue;
            announced = true;
            await Console.Out.WriteLineAsync(
                $"Everything is healthy after {(DateTime.Now - Process.GetCurrentProcess().StartTime).TotalSeconds:0} s: "
                    + string.Join(", ", UrlsOf("console").Concat(UrlsOf("api-1")).Concat(UrlsOf("api-2")))
            );
            await Console.Out.WriteLineAsync($"Sign in to the console with the admin key {await adminKey.GetValueAsync(stoppingToken)}");
        }
    }

    private static bool HasFailed(CustomResourceSnapshot snapshot) =>
        snapshot.State?.Text is var state
        && (
            state == KnownResourceStates.FailedToStart
            || state == KnownResourceStates.ValueMissing
            || (KnownResourceStates.TerminalStates.Contains(state) && snapshot.ExitCode is not (null or 0))
        );

    private static bool IsThere(CustomResourceSnapshot snapshot) =>
        snapshot.State?.Text == KnownResourceStates.Finished
            ? snapshot.ExitCode == 0
            : snapshot.State?.Text == KnownResourceStates.Running && snapshot.HealthStatus is null or HealthStatus.Healthy;

    // Aspire adds a hidden resource to each project, which rebuilds it on demand; it never starts by itself.
    private static bool IsStarted(IResource resource) => resource is ProjectResource or NativeServerResource or ContainerResource;

    private bool IsEverythingThere() =>
        model
            .Resources.Where(IsStarted)
            .All(resource =>
            {
                var instances = _seen.Values.Where(seen => seen.Resource == resource).ToList();
                var replicas = resource.Annotations.OfType<ReplicaAnnotation>().LastOrDefault()?.Replicas ?? 1;
                return instances.Count >= replicas && instances.All(instance => IsThere(instance.Snapshot));
            });

    private async Task ExplainAsync(ResourceEvent change, CancellationToken cancellationToken)
    {
        var lines = new List<string>();
        await foreach (var batch in loggers.GetAllAsync(change.ResourceId).WithCancellation(cancellationToken))
            lines.AddRange(batch.Select(line => line.Content));
        await Console.Error.WriteLineAsync(
            $"{change.ResourceId}: {change.Snapshot.State?.Text}, exit code {change.Snapshot.ExitCode}. Its last lines:"
        );
        foreach (var line in lines.TakeLast(LastLines))
            await Console.Error.WriteLineAsync($"  {line}");
    }

    private IEnumerable<string> UrlsOf(string resource) =>
        _seen
            .Values.Where(seen => seen.Resource.Name == resource)
            .SelectMany(seen => seen.Snapshot.Urls)
            .Where(url => !url.IsInactive)
            .Select(url => $"{resource} {url.Url}")
            .Distinct();
}
