using Foresight.Cluster;
using Foresight.Matching.Tests.Nodes;
using Foresight.Protocol;
using Microsoft.Extensions.Logging.Abstractions;

namespace Foresight.Matching.Tests.Stores;

internal sealed class TestClient : IAsyncDisposable
{
    private readonly RedisClient _redis;

    public TestClient(TestCluster cluster)
    {
        _redis = new RedisClient(cluster.Settings["ConnectionStrings:redis"]!, cluster.Settings["REDIS_KEY_PREFIX"]!);
        Leaders = new LeaderDirectory(_redis.Database, _redis.Broadcast, TimeProvider.System, NullLogger<LeaderDirectory>.Instance);
        Nodes = new NodeRegistry(_redis.Database, new NoNotices(), TimeProvider.System, NullLogger<NodeRegistry>.Instance);
        Router = new LeaderRouter(
            Leaders,
            new ClusterSecret(cluster.Settings["CLUSTER_SECRET"]!),
            TimeProvider.System,
            NullLogger<LeaderRouter>.Instance
        );
        _ = Router.StartAsync(CancellationToken.None);
    }

    public LeaderDirectory Leaders { get; }
    public NodeRegistry Nodes { get; }
    public LeaderRouter Router { get; }

    public async Task<NodeRecord?> ActiveAsync(string? other = null)
    {
        var holder = await Leaders.FindAsync(LeasedResources.Matching);
        if (holder is null || holder.NodeId == other)
            return null;
        return await Nodes.FindAsync(holder.NodeId) is { State: "active" } active ? active : null;
    }

    public async Task<string> StateOfAsync(string nodeId) => (await Nodes.FindAsync(nodeId))?.State ?? "unknown";

    public async ValueTask DisposeAsync()
    {
        await Router.StopAsync(CancellationToken.None);
        Router.Dispose();
        _redis.Dispose();
    }
}
