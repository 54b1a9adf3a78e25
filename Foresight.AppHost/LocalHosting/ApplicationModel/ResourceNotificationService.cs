using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>
/// The latest snapshot of every replica, and everything that happens to them from now on. A name means all replicas of the
/// resource; an id such as <c>matching-2</c> means one of them.
/// </summary>
public sealed class ResourceNotificationService
{
    private readonly Lock _publishing = new();
    private readonly ConcurrentDictionary<string, ResourceEvent> _latest = new(StringComparer.Ordinal);
    private readonly List<Channel<ResourceEvent>> _watchers = [];

    /// <summary>Why a resource will not become healthy without help, with its last log lines; null while it still may.</summary>
    internal Func<string, string?> ExplainFailure { get; set; } = _ => null;

    public bool TryGetCurrentState(string resourceId, out ResourceEvent? resourceEvent) =>
        _latest.TryGetValue(resourceId, out resourceEvent);

    public async IAsyncEnumerable<ResourceEvent> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var channel = Channel.CreateUnbounded<ResourceEvent>();
        lock (_publishing)
        {
            foreach (var current in _latest.Values)
                channel.Writer.TryWrite(current);
            _watchers.Add(channel);
        }
        try
        {
            await foreach (var happened in channel.Reader.ReadAllAsync(cancellationToken))
                yield return happened;
        }
        finally
        {
            lock (_publishing)
                _watchers.Remove(channel);
        }
    }

    /// <returns>The event of the last replica to become healthy.</returns>
    public Task<ResourceEvent> WaitForResourceHealthyAsync(string resourceName, CancellationToken cancellationToken = default) =>
        WaitForAllAsync(resourceName, IsHealthy, failFast: true, cancellationToken);

    public async Task<ResourceEvent> WaitForResourceAsync(
        string resourceName, Func<ResourceEvent, bool> predicate, CancellationToken cancellationToken = default)
    {
        await foreach (var happened in WatchAsync(cancellationToken))
            if (IsNamed(happened, resourceName) && predicate(happened))
                return happened;
        throw new OperationCanceledException(cancellationToken);
    }

    public Task WaitForResourceAsync(string resourceName, string? targetState = null, CancellationToken cancellationToken = default)
    {
        var state = targetState ?? KnownResourceStates.Running;
        return WaitForAllAsync(
            resourceName, e => e.Snapshot.State?.Text == state, failFast: state == KnownResourceStates.Running, cancellationToken);
    }

    internal static bool IsHealthy(ResourceEvent happened) =>
        happened.Snapshot.State?.Text == KnownResourceStates.Running && happened.Snapshot.HealthStatus == HealthStatus.Healthy;

    internal void Publish(ResourceEvent happened)
    {
        lock (_publishing)
        {
            _latest[happened.ResourceId] = happened;
            foreach (var watcher in _watchers)
                watcher.Writer.TryWrite(happened);
        }
    }

    internal async Task<ResourceEvent> WaitForAllAsync(
        string resourceName, Func<ResourceEvent, bool> predicate, bool failFast, CancellationToken cancellationToken)
    {
        await foreach (var happened in WatchAsync(cancellationToken))
        {
            if (failFast && ExplainFailure(resourceName) is { } failure)
                throw new DistributedApplicationException(failure);
            if (IsNamed(happened, resourceName) && _latest.Values.Where(e => IsNamed(e, resourceName)).All(predicate))
                return happened;
        }
        throw new OperationCanceledException(cancellationToken);
    }

    private static bool IsNamed(ResourceEvent happened, string name) =>
        string.Equals(happened.Resource.Name, name, StringComparison.OrdinalIgnoreCase)
        || string.Equals(happened.ResourceId, name, StringComparison.OrdinalIgnoreCase);
}
