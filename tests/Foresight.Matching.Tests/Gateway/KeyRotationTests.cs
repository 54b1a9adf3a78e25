using System.Collections.Concurrent;
using Foresight.Matching.Tests.Nodes;
using Foresight.Matching.Tests.Stores;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Postgres;
using Foresight.ServiceDefaults.Redis;
using Foresight.ServiceDefaults.Trust;

namespace Foresight.Matching.Tests.Gateway;

/// <summary>The steps of docs/security.md, "Rotating the cluster's secret, without a stop", over running nodes.</summary>
[Collection(StoresCollection.Name)]
[Trait("Category", "Trust")]
public sealed class KeyRotationTests(StoresFixture stores)
{
    private const string New = "the new secret of these tests";

    private readonly Traders _traders = new(seed: 47);

    [Fact]
    public async Task NodeAfterNode_StepAfterStep_OrdersGoOnAndNodesKnowEachOther_UntilTheOldSecretProvesNothing()
    {
        await using var cluster = await TestCluster.CreateAsync(stores);
        var old = cluster.Settings["CLUSTER_SECRET"]!;
        await using var nodes = new Nodes(cluster);
        await nodes.StartAsync("n1", old, also: null);
        await nodes["n1"].ActiveAsync();
        await nodes.StartAsync("n2", old, also: null);
        await nodes["n1"].Router.AcceptAsync(Traders.Fund(1));

        foreach (var (secret, also) in new (string, string?)[] { (old, New), (New, old), (New, null) })
        {
            foreach (var name in nodes.FollowersFirst)
            {
                await nodes.StartAsync(name, secret, also);
                foreach (var node in nodes.ByName.Keys)
                    await AssertPartOfTheClusterAsync(node, nodes.ByName);
            }

            await TimelineSignedAsync(cluster, nodes["n1"], secret);
        }

        foreach (var node in nodes.ByName.Values)
        {
            using var outsider = ProvenHttp.Of(old);
            await Assert.ThrowsAsync<HttpRequestException>(() =>
                outsider.GetAsync(new Uri(new Uri(node.Presence.Address), "gateway/status"))
            );
            Assert.DoesNotContain(node.Said, line => line.Contains("CLUSTER_SECRET differ", StringComparison.Ordinal));
        }
    }

    /// <summary>Its orders reach the leader, it reads what the others registered, and they hear what it publishes.</summary>
    private async Task AssertPartOfTheClusterAsync(string name, IReadOnlyDictionary<string, TestNode> all)
    {
        var node = all[name];
        var order = _traders.Place(1, market: 1, outcome: 0, isBuy: true, price: 4_000, lots: 1);
        Assert.Equal(ResultStatus.Accepted, Assert.Single(await node.Router.SendAsync([order])).Status);
        await Eventually.TrueAsync(
            "the node knows every node",
            Eventually.Patience,
            async () => (await node.Nodes.ListAsync()).Select(known => known.NodeId).ToHashSet().SetEquals(all.Keys)
        );
        var heard = new ConcurrentDictionary<string, bool>();
        var message = new LeaderMessage("test", "nothing", name, Guid.NewGuid().ToString(), 0);
        var others = all.Where(other => other.Key != name).ToList();
        foreach (var (other, listener) in others)
            listener.Broadcast.Subscribe<LeaderMessage>(
                Channels.ClusterLeader,
                received =>
                {
                    if (received == message)
                        heard.TryAdd(other, true);
                }
            );
        await Eventually.TrueAsync(
            "the others hear the node",
            Eventually.Patience,
            () =>
            {
                node.Broadcast.Publish(Channels.ClusterLeader, message);
                return others.All(other => heard.ContainsKey(other.Key));
            }
        );
    }

    /// <summary>The one value in Redis that has no lifetime is carried over within a second of the step.</summary>
    private static async Task TimelineSignedAsync(TestCluster cluster, TestNode node, string secret)
    {
        var key = TimelineHint.KeyOf(await cluster.ScalarAsync<long>("SELECT system_identifier FROM pg_control_system()"));
        await Eventually.TrueAsync(
            "the timeline is signed with the key of this step",
            Eventually.Patience,
            async () =>
                TestHints.Of(secret).Read<TimelineMark>(HintKinds.Timeline, key, await node.Redis.StringGetAsync(key), lifetime: null)
                    is not null
        );
    }

    private sealed class Nodes(TestCluster cluster) : IAsyncDisposable
    {
        private readonly Dictionary<string, TestNode> _byName = [];

        public TestNode this[string name] => _byName[name];

        public IReadOnlyDictionary<string, TestNode> ByName => _byName;

        public IReadOnlyList<string> FollowersFirst =>
            [.. _byName.OrderBy(node => node.Value.Presence.State == "active").Select(node => node.Key)];

        /// <summary>Stops the node if it runs, and returns when the cluster has a leader and the node stands in it.</summary>
        public async Task StartAsync(string name, string secret, string? also)
        {
            if (_byName.Remove(name, out var before))
                await before.DisposeAsync();
            _byName[name] = await TestNode.StartAsync(
                name,
                new Dictionary<string, string?>(cluster.Settings) { ["CLUSTER_SECRET"] = secret, ["CLUSTER_SECRET_ALSO"] = also }
            );
            await Eventually.TrueAsync(
                "a node leads",
                Eventually.Patience,
                () => _byName.Values.Any(node => node.Presence.State == "active")
            );
        }

        public async ValueTask DisposeAsync()
        {
            foreach (var node in _byName.Values)
                await node.DisposeAsync();
        }
    }
}
