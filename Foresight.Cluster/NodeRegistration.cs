using Foresight.Protocol;
using Foresight.ServiceDefaults.Hosting;

namespace Foresight.Cluster;

public sealed class NodeRegistration(NodeRegistry registry, NodeIdentity identity, NodePresence presence, TimeProvider clock)
{
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
            ),
            cancellationToken
        );

    public Task DropAsync() => registry.DropAsync(identity.Id);

    public Task<IReadOnlyList<NodeRecord>> ListAsync(CancellationToken cancellationToken) => registry.ListAsync(cancellationToken);
}
