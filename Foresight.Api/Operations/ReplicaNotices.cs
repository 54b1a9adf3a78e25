using Foresight.Cluster;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Hosting;
using Foresight.ServiceDefaults.Postgres;

namespace Foresight.Api.Operations;

/// <summary>Each node judges replicas by itself, so each publishes which ones it takes out of service.</summary>
public sealed class ReplicaNotices(ReplicaMonitor monitor, INotices notices, NodeIdentity node, TimeProvider clock) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        monitor.Turned += Publish;
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        monitor.Turned -= Publish;
        return Task.CompletedTask;
    }

    private void Publish(Server replica, bool serves) =>
        notices.Publish(
            NoticeTopics.Cluster,
            new ClusterEvent(serves ? "replica_back" : "replica_out", node.Id, 0, clock.GetUtcNow(), replica.Name)
        );
}
