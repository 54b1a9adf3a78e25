using Foresight.Matching.Tests.Nodes;
using Foresight.Matching.Tests.Stores;

namespace Foresight.Matching.Tests.PostgresFaults;

internal sealed class LiveNodes : IAsyncDisposable
{
    private readonly List<NodeProcess> _nodes = [];

    private LiveNodes(TestCluster cluster)
    {
        Client = new TestClient(cluster);
        foreach (var name in new[] { "n1", "n2" })
            _nodes.Add(new NodeProcess(name, cluster.Settings));
    }

    public TestClient Client { get; }

    public static async Task<LiveNodes> StartAsync(TestCluster cluster)
    {
        var nodes = new LiveNodes(cluster);
        await Eventually.TrueAsync(
            "two nodes are up and one leads",
            Eventually.Patience * 2,
            async () => (await nodes.Client.Nodes.ListAsync()).Count == 2 && await nodes.Client.ActiveAsync() is not null
        );
        // The nodes must have taken it, because the database of the tests is the standby, in which they cannot.
        await Eventually.TrueAsync(
            "a node holds the settlement term",
            Eventually.Patience,
            async () => await cluster.ScalarAsync<long>("SELECT count(*) FROM leadership WHERE resource = 'settlement'") == 1
        );
        await nodes.Client.Router.AcceptAsync(Traders.Fund(1), Traders.Fund(2));
        return nodes;
    }

    public void AssertNoneEnded() => Assert.All(_nodes, node => Assert.False(node.HasEnded, node.Output));

    public Task AllSaidAsync(string sentence) =>
        Eventually.TrueAsync(
            $"every node says \"{sentence}\"",
            Eventually.Patience,
            () => _nodes.TrueForAll(node => node.Everything.Contains(sentence, StringComparison.Ordinal))
        );

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
            await node.DisposeAsync();
        await Client.DisposeAsync();
    }
}
