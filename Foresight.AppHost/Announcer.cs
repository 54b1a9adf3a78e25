using System.Diagnostics;
using Aspire.Hosting.ApplicationModel;
using Foresight.AppHost.Native;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace Foresight.AppHost;

/// <summary>A terminal shows nothing of the dashboard, so failed resources are printed with their reason, and when all are ready.</summary>
internal sealed class Announcer(
    ResourceNotificationService notifications,
    ResourceLoggerService loggers,
    DistributedApplicationModel model,
    ParameterResource adminKey,
    TextWriter output,
    TextWriter errors
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
            await errors.WriteLineAsync($"The terminal shows nothing more of the resources, the dashboard does: {e.Message}");
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
            await output.WriteLineAsync(
                $"Everything is healthy after {(DateTime.Now - Process.GetCurrentProcess().StartTime).TotalSeconds:0} s: "
                    + string.Join(", ", UrlsOf("console").Concat(UrlsOf("api-1")).Concat(UrlsOf("api-2")))
            );
            await output.WriteLineAsync($"Sign in to the console with the admin key {await adminKey.GetValueAsync(stoppingToken)}");
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

    // Aspire adds a hidden resource to each project, which rebuilds it on demand and never starts by itself, so it is not waited for.
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
        var lines = await LinesOfAsync(change.ResourceId, cancellationToken);
        await errors.WriteLineAsync(
            $"{change.ResourceId}: {change.Snapshot.State?.Text}, exit code {change.Snapshot.ExitCode}. Its last lines:"
        );
        foreach (var line in lines.TakeLast(LastLines))
            await errors.WriteLineAsync($"  {line}");
    }

    private async Task<List<string>> LinesOfAsync(string resourceId, CancellationToken cancellationToken)
    {
        var lines = new List<string>();
        try
        {
            await foreach (var batch in loggers.GetAllAsync(resourceId).WithCancellation(cancellationToken))
                lines.AddRange(batch.Select(line => line.Content));
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            // The failure must be printed all the same, and so must what happens to the other resources.
            lines.Add($"(its log cannot be read: {e.Message})");
        }

        return lines;
    }

    private IEnumerable<string> UrlsOf(string resource) =>
        _seen
            .Values.Where(seen => seen.Resource.Name == resource)
            .SelectMany(seen => seen.Snapshot.Urls)
            .Where(url => !url.IsInactive)
            .Select(url => $"{resource} {url.Url}")
            .Distinct();
}
