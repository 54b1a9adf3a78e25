using Foresight.Cluster;
using Foresight.Cluster.Proof;
using Foresight.Matching.Tests.Nodes;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Trust;
using Microsoft.Extensions.Logging.Abstractions;

namespace Foresight.Matching.Tests.Stores;

internal sealed class TestClient : IAsyncDisposable
{
    private readonly RedisClient _redis;
    private readonly LeaderRouter _router;

    public TestClient(TestCluster cluster)
    {
        _redis = new RedisClient(
            cluster.Settings["ConnectionStrings:redis"]!,
            cluster.Settings["REDIS_KEY_PREFIX"]!,
            cluster.Settings["CLUSTER_SECRET"]!
        );
        Leaders = new LeaderDirectory(
            _redis.Database,
            TestHints.Of(cluster.Settings["CLUSTER_SECRET"]!),
            new LeaderRows(cluster.Database),
            _redis.Broadcast,
            TimeProvider.System,
            NullLogger<LeaderDirectory>.Instance
        );
        Nodes = new NodeRegistry(
            _redis.Database,
            TestHints.Of(cluster.Settings["CLUSTER_SECRET"]!),
            new NoNotices(),
            TimeProvider.System,
            NullLogger<NodeRegistry>.Instance
        );
        _router = new LeaderRouter(
            Leaders,
            new NodeProof(new ClusterKeys(cluster.Settings["CLUSTER_SECRET"]!), "test-client", NodeKinds.Matching),
            TimeProvider.System,
            NullLogger<LeaderRouter>.Instance
        );
        _ = _router.StartAsync(CancellationToken.None);
        Router = new TraderAndChain(_router, cluster.Database);
    }

    public LeaderDirectory Leaders { get; }
    public NodeRegistry Nodes { get; }
    public TraderAndChain Router { get; }

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
        await _router.StopAsync(CancellationToken.None);
        _router.Dispose();
        _redis.Dispose();
    }
}
