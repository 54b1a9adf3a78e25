using Foresight.Matching.Tests.Nodes;
using Foresight.Protocol;
using Foresight.Matching.Tests.Stores;

namespace Foresight.Matching.Tests.Leadership;

/// <summary>Real processes, killed, stopped and told to end under load.</summary>
[Collection(StoresCollection.Name)]
public sealed class ProcessFaultTests(StoresFixture stores) : IAsyncLifetime
{
    private readonly List<NodeProcess> nodes = [];
    private TestCluster cluster = null!;
    private TestClient client = null!;

    public async Task InitializeAsync()
    {
        cluster = await TestCluster.CreateAsync(stores);
        client = new TestClient(cluster);
    }

    private async Task StartAsync(Dictionary<string, string?> settings)
    {
        foreach (var name in new[] { "n1", "n2", "n3" }) nodes.Add(new NodeProcess(name, settings));
        try
        {
            await Eventually.TrueAsync(
                "three nodes are up and one leads", Eventually.Patience * 2,
                async () => (await client.Nodes.ListAsync()).Count == 3 && await client.ActiveAsync() is not null);
        }
        catch (ConditionNotMetException late)
        {
            var said = nodes.Select(node => $"{node.NodeId}{(node.HasEnded ? $" ended with {node.ExitCode}" : "")}:\n{node.Output}");
            throw new ConditionNotMetException($"{late.Message}\n{string.Join('\n', said)}", late);
        }

        await client.Router.SendAsync([Traders.Fund(1), Traders.Fund(2)]);
    }

    public async Task DisposeAsync()
    {
        foreach (var node in nodes) await node.DisposeAsync();
        await client.DisposeAsync();
        await cluster.DisposeAsync();
    }

    [Fact]
    public async Task ALeaderThatIsKilled_IsReplaced_AndEveryAcknowledgedOrderIsInTheJournalOnce()
    {
        await StartAsync(cluster.Settings);
        await using var load = new Load(client, cluster);
        for (var round = 0; round < Repeat.Times; round++)
        {
            await load.AcknowledgedAsync(50);
            var leader = await LeaderAsync();
            leader.KillNow();
            await TakenOverAsync(leader.NodeId);
            await load.AcknowledgedAsync(50);
            nodes.Remove(leader);
            await leader.DisposeAsync();
            nodes.Add(new NodeProcess(leader.NodeId, cluster.Settings));
        }

        await KillAllAndStartAgainAsync();
        await load.AcknowledgedAsync(50);
        await load.AssertNothingLostOrDoubledAsync();
    }

    [Fact]
    public async Task ALeaderThatIsStopped_WritesNothingOnceAnotherLeads_AndFollowsWhenItGoesOn()
    {
        await StartAsync(cluster.Settings);
        await using var load = new Load(client, cluster);
        await load.AcknowledgedAsync(50);
        var leader = await LeaderAsync();
        leader.Pause();
        await TakenOverAsync(leader.NodeId);
        // Its address took connections all the time, so another one leads only because its lease has ended.
        await load.AcknowledgedAsync(50);
        await ResumeAsync(leader);
        await load.AcknowledgedAsync(50);
        await load.AssertNothingLostOrDoubledAsync();
    }

    [Fact]
    public async Task ALeaderThatIsStoppedInsideATransaction_BlocksNobody_AndItsTransactionIsUndone()
    {
        await CommitFreeze.InstallAsync(cluster.Database);
        await StartAsync(cluster.Settings);
        await using var load = new Load(client, cluster);
        foreach (var point in Enumerable.Repeat(Enum.GetValues<FreezePoint>(), Repeat.Times).SelectMany(points => points))
        {
            await load.AcknowledgedAsync(50);
            var leader = await LeaderAsync();
            await using (var freeze = await CommitFreeze.ArmAsync(cluster.Database, point))
            {
                await Eventually.TrueAsync("a transaction of the leader waits", Eventually.Patience, freeze.HoldsOneAsync);
                leader.Pause();
                var before = await EpochAsync();
                await Eventually.TrueAsync("another node takes the next epoch", Eventually.Patience, async () => await EpochAsync() > before);
                Assert.False(await freeze.HoldsOneAsync(), "the take-over ended the transaction, it did not wait for it");
            }

            await load.AcknowledgedAsync(50);
            await ResumeAsync(leader);
        }

        // Every answer is an acceptance that is in the journal once, and no row of an old epoch comes after one of a newer.
        await load.AssertNothingLostOrDoubledAsync();
    }

    [Fact]
    public async Task ARollingRestart_HandsOverEachTime_WithoutWaitingForTheLease()
    {
        // A lease that nobody in this test would outlive, and no other way around it.
        var settings = cluster.With("LEASE_TTL_MS", "600000");
        settings["LEASE_FAST_PATH"] = "false";
        await StartAsync(settings);
        await using var load = new Load(client, cluster);
        for (var restart = 1; restart <= nodes.Count; restart++)
        {
            await load.AcknowledgedAsync(50);
            var leader = await LeaderAsync();
            leader.AskToEnd();
            await TakenOverAsync(leader.NodeId);
            await leader.EndedAsync(Eventually.Patience);
            Assert.Equal(0, leader.ExitCode);
            await load.AcknowledgedAsync(50);
            nodes.Remove(leader);
            await leader.DisposeAsync();
            nodes.Add(new NodeProcess(leader.NodeId, settings));
            await Eventually.TrueAsync(
                "the node that was restarted follows", Eventually.Patience, async () => await client.StateOfAsync(leader.NodeId) == "follower");
        }

        await load.AssertNothingLostOrDoubledAsync();
    }

    [Fact]
    public async Task EightFollowersOfALeaderThatIsKilled_TakeOneEpochBetweenThem()
    {
        // Nobody can lose such a lease by being slow, so each epoch is somebody's take-over.
        var settings = cluster.With("LEASE_TTL_MS", "600000");
        nodes.Add(new NodeProcess("leader", settings));
        await LeaderAsync();
        var followers = await Task.WhenAll(Enumerable.Range(1, 8).Select(i => TestNode.StartAsync($"f{i}", settings)));
        try
        {
            var before = await EpochAsync();
            nodes[0].KillNow();
            await TakenOverAsync("leader");
            Assert.Equal(ResultStatus.Accepted, (await client.Router.SendAsync(Traders.Fund(1))).Status);
            Assert.Equal(before + 1, await EpochAsync());
            Assert.Equal(1, followers.Count(node => node.Presence.State == "active"));
        }
        finally
        {
            foreach (var follower in followers) await follower.DisposeAsync();
        }
    }

    private Task<long> EpochAsync() => cluster.ScalarAsync<long>("SELECT epoch FROM leadership WHERE resource = 'matching-engine'");

    private async Task ResumeAsync(NodeProcess stopped)
    {
        var resumedAt = DateTimeOffset.UtcNow;
        stopped.Resume();
        await Eventually.TrueAsync(
            "the node that was stopped says that it follows", Eventually.Patience,
            async () => await client.Nodes.FindAsync(stopped.NodeId) is { State: "follower" } node && node.HeartbeatAt >= resumedAt);
    }

    private async Task KillAllAndStartAgainAsync()
    {
        foreach (var node in nodes) node.KillNow();
        foreach (var node in nodes.ToList())
        {
            nodes.Remove(node);
            await node.DisposeAsync();
            nodes.Add(new NodeProcess(node.NodeId, cluster.Settings));
        }

        await LeaderAsync();
    }

    private async Task<NodeProcess> LeaderAsync()
    {
        var leader = await Eventually.GetAsync("one node leads", Eventually.Patience, () => client.ActiveAsync());
        return nodes.Single(node => node.NodeId == leader.NodeId);
    }

    private Task TakenOverAsync(string from) =>
        Eventually.GetAsync($"another node than {from} leads", Eventually.Patience, () => client.ActiveAsync(other: from));
}
