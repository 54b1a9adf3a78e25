using Foresight.Protocol;
using Foresight.ServiceDefaults.Hosting;

namespace Foresight.Cluster;

public sealed class NodeRegistration(NodeRegistry registry, NodeIdentity identity, NodePresence presence, TimeProvider clock)
{
    /// <summary>About 6 KB, so that the record stays readable however many names a node's enemy invents.</summary>
    public const int MaximumPutOut = 32;

    public Task Changed => presence.Changed;

    public Task WriteAsync(CancellationToken cancellationToken) =>
        registry.AnnounceAsync(
            new NodeRecord(
                identity.Id,
                presence.Kind,
                presence.Address,
                presence.State,
                identity.Version,
                Environment.ProcessId,
                identity.StartedAt,
                clock.GetUtcNow(),
                [.. presence.Leads]
            )
            {
                PutOut = Current(presence.PutOut),
                HubConnections = presence.HubConnections?.Invoke(),
                HeartbeatMs = (int)NodeRegistry.HeartbeatInterval.TotalMilliseconds,
            },
            cancellationToken
        );

    /// <summary>Here, because a time that ends is no change of the presence: the next heartbeat leaves the node out.</summary>
    private IReadOnlyList<PutOutNode>? Current(IReadOnlyList<PutOutNode>? nodes)
    {
        var now = clock.GetUtcNow();
        var current = nodes?.Where(node => node.Until > now).OrderByDescending(node => node.Until).Take(MaximumPutOut).Reverse().ToList();
        return current is { Count: > 0 } ? current : null;
    }

    public Task DropAsync() => registry.DropAsync(identity.Id);

    public Task<IReadOnlyList<NodeRecord>> ListAsync(CancellationToken cancellationToken) => registry.ListAsync(cancellationToken);
}
