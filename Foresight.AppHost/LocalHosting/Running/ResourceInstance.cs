using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Foresight.AppHost.LocalHosting;

/// <summary>One replica of a resource: the unit that is started, stopped, watched and shown.</summary>
internal sealed class ResourceInstance(
    IResource resource, int replica, int replicas, ResourceLog log, ResourceNotificationService notifications)
{
    private readonly Lock _changing = new();

    public IResource Resource { get; } = resource;

    /// <summary>From 0.</summary>
    public int Replica { get; } = replica;

    public string Id { get; } = replicas == 1 ? resource.Name : $"{resource.Name}-{replica + 1}";

    public ResourceLog Log { get; } = log;

    public ChildProcess? Process { get; set; }

    /// <summary>Starts after the first one.</summary>
    public int Restarts { get; set; }

    /// <summary>What it is waiting for, or why it failed; shown beside the state.</summary>
    public string? Reason { get; private set; }

    public CustomResourceSnapshot Snapshot { get; private set; } = new() { ResourceType = TypeOf(resource) };

    public string State => Snapshot.State?.Text ?? KnownResourceStates.NotStarted;

    public bool IsHealthy => State == KnownResourceStates.Running && Snapshot.HealthStatus == HealthStatus.Healthy;

    public bool HasFailed =>
        State == KnownResourceStates.FailedToStart || (State == KnownResourceStates.Finished && Snapshot.ExitCode != 0);

    public void Change(string state, HealthStatus? health = null, int? exitCode = null, string? reason = null)
    {
        lock (_changing)
        {
            var now = DateTime.UtcNow;
            Reason = reason;
            Snapshot = Snapshot with
            {
                State = state,
                HealthStatus = health,
                ExitCode = exitCode,
                StartTimeStamp = state == KnownResourceStates.Starting ? now : Snapshot.StartTimeStamp,
                StopTimeStamp = KnownResourceStates.TerminalStates.Contains(state) ? now : null,
                Urls = [.. ResourceUrls.Of(this)],
                Properties = [new("pid", Process?.Id), new("restarts", Restarts), new("reason", reason)],
            };
            notifications.Publish(new ResourceEvent(Resource, Id, Snapshot));
        }
    }

    private static string TypeOf(IResource resource) => resource switch
    {
        ProjectResource => "Project",
        ExecutableResource => "Executable",
        ContainerResource => "Container",
        _ => resource.GetType().Name.Replace("Resource", string.Empty, StringComparison.Ordinal),
    };
}
