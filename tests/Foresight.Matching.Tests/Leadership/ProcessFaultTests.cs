using Foresight.Matching.Tests.Nodes;
using Foresight.Matching.Tests.Stores;
using Foresight.Protocol;

namespace Foresight.Matching.Tests.Leadership;

[Collection(StoresCollection.Name)]
public sealed class ProcessFaultTests(StoresFixture stores) : IAsyncLifetime
{
    private readonly List<NodeProcess> _nodes = [];
    private TestCluster _cluster = null!;
    private TestClient _client = null!;

    public async Task InitializeAsync()
    {
        _cluster = await TestCluster.CreateAsync(stores);
        _client = new TestClient(_cluster);
    }

    private async Task StartAsync(Dictionary<string, string?> settings)
    {
        foreach (var name in new[] { "n1", "n2", "n3" })
            _nodes.Add(new NodeProcess(name, settings));
        try
        {
            await Eventually.TrueAsync(
                "three nodes are up and one leads",
                Eventually.Patience * 2,
                async () => (await _client.Nodes.ListAsync()).Count == 3 && await _client.ActiveAsync() is not null
            );
        }
        catch (ConditionNotMetException late)
        {
            var said = _nodes.Select(node => $"{node.NodeId}{(node.HasEnded ? $" ended with {node.ExitCode}" : "")}:\n{node.Output}");
            throw new ConditionNotMetException($"{late.Message}\n{string.Join('\n', said)}", late);
        }

        await _client.Router.AcceptAsync(Traders.Fund(1), Traders.Fund(2));
    }

    public async Task DisposeAsync()
    {
        foreach (var node in _nodes)
            await node.DisposeAsync();
        await _client.DisposeAsync();
        await _cluster.DisposeAsync();
    }

    [Fact]
    public async Task ALeaderThatIsKilled_IsReplaced_AndEveryAcknowledgedOrderIsInTheJournalOnce()
    {
        await StartAsync(_cluster.Settings);
        await using var load = new Load(_client, _cluster);
        for (var round = 0; round < Repeat.Times; round++)
        {
            await load.AcknowledgedAsync(50);
            var leader = await LeaderAsync();
            leader.KillNow();
            await TakenOverAsync(leader.NodeId);
            await load.AcknowledgedAsync(50);
            _nodes.Remove(leader);
            await leader.DisposeAsync();
            _nodes.Add(new NodeProcess(leader.NodeId, _cluster.Settings));
        }

        await KillAllAndStartAgainAsync();
        await load.AcknowledgedAsync(50);
        await load.AssertNothingLostOrDoubledAsync();
    }

    [Fact]
    public async Task ALeaderThatIsStopped_WritesNothingOnceAnotherLeads_AndFollowsWhenItGoesOn()
    {
        await StartAsync(_cluster.Settings);
        await using var load = new Load(_client, _cluster);
        await load.AcknowledgedAsync(50);
        var leader = await LeaderAsync();
        leader.Pause();
        await TakenOverAsync(leader.NodeId);
        // Its address accepted connections all the time, so only the end of its lease can have let another node lead.
        await load.AcknowledgedAsync(50);
        await ResumeAsync(leader);
        await load.AcknowledgedAsync(50);
        await load.AssertNothingLostOrDoubledAsync();
    }

    [Fact]
    public async Task ALeaderThatIsStoppedInsideATransaction_BlocksNobody_AndItsTransactionIsUndone()
    {
        await CommitFreeze.InstallAsync(_cluster.Database);
        await StartAsync(_cluster.Settings);
        await using var load = new Load(_client, _cluster);
        foreach (var point in Enumerable.Repeat(Enum.GetValues<FreezePoint>(), Repeat.Times).SelectMany(points => points))
        {
            await load.AcknowledgedAsync(50);
            var leader = await LeaderAsync();
            await using (var freeze = await CommitFreeze.ArmAsync(_cluster.Database, point))
            {
                await Eventually.TrueAsync("a transaction of the leader waits", Eventually.Patience, freeze.HoldsOneAsync);
                leader.Pause();
                var before = await _cluster.EpochAsync();
                await Eventually.TrueAsync(
                    "another node takes the next epoch",
                    Eventually.Patience,
                    async () => await _cluster.EpochAsync() > before
                );
                Assert.False(await freeze.HoldsOneAsync(), "the take-over ended the transaction, it did not wait for it");
            }

            await load.AcknowledgedAsync(50);
            await ResumeAsync(leader);
        }

        await load.AssertNothingLostOrDoubledAsync();
    }

    [Fact]
    public async Task ARollingRestart_HandsOverEachTime_WithoutWaitingForTheLease()
    {
        // The lease outlasts the test, so that only the tested path can end it.
        var settings = _cluster.With("LEASE_TTL_MS", "600000");
        settings["LEASE_FAST_PATH"] = "false";
        await StartAsync(settings);
        await using var load = new Load(_client, _cluster);
        for (var restart = 1; restart <= _nodes.Count; restart++)
        {
            await load.AcknowledgedAsync(50);
            var leader = await LeaderAsync();
            leader.AskToEnd();
            await TakenOverAsync(leader.NodeId);
            await leader.EndedAsync(Eventually.Patience);
            Assert.Equal(0, leader.ExitCode);
            await load.AcknowledgedAsync(50);
            _nodes.Remove(leader);
            await leader.DisposeAsync();
            _nodes.Add(new NodeProcess(leader.NodeId, settings));
            await Eventually.TrueAsync(
                "the node that was restarted follows",
                Eventually.Patience,
                async () => await _client.StateOfAsync(leader.NodeId) == "follower"
            );
        }

        await load.AssertNothingLostOrDoubledAsync();
    }

    [Fact]
    public async Task EightFollowersOfALeaderThatIsKilled_TakeOneEpochBetweenThem()
    {
        // Slowness cannot lose such a lease, so each new epoch is a deliberate take-over.
        var settings = _cluster.With("LEASE_TTL_MS", "600000");
        _nodes.Add(new NodeProcess("leader", settings));
        await LeaderAsync();
        var followers = await Task.WhenAll(Enumerable.Range(1, 8).Select(i => TestNode.StartAsync($"f{i}", settings)));
        try
        {
            var before = await _cluster.EpochAsync();
            _nodes[0].KillNow();
            await TakenOverAsync("leader");
            Assert.Equal(ResultStatus.Accepted, (await _client.Router.SendAsync(Traders.Fund(1))).Status);
            Assert.Equal(before + 1, await _cluster.EpochAsync());
            Assert.Equal(1, followers.Count(node => node.Presence.State == "active"));
        }
        finally
        {
            foreach (var follower in followers)
                await follower.DisposeAsync();
        }
    }

    private async Task ResumeAsync(NodeProcess stopped)
    {
        var resumedAt = DateTimeOffset.UtcNow;
        stopped.Resume();
        await Eventually.TrueAsync(
            "the node that was stopped says that it follows",
            Eventually.Patience,
            async () => await _client.Nodes.FindAsync(stopped.NodeId) is { State: "follower" } node && node.HeartbeatAt >= resumedAt
        );
    }

    private async Task KillAllAndStartAgainAsync()
    {
        foreach (var node in _nodes)
            node.KillNow();
        foreach (var node in _nodes.ToList())
        {
            _nodes.Remove(node);
            await node.DisposeAsync();
            _nodes.Add(new NodeProcess(node.NodeId, _cluster.Settings));
        }

        await LeaderAsync();
    }

    private async Task<NodeProcess> LeaderAsync()
    {
        var leader = await Eventually.GetAsync("one node leads", Eventually.Patience, () => _client.ActiveAsync());
        return _nodes.Single(node => node.NodeId == leader.NodeId);
    }

    private Task TakenOverAsync(string from) =>
        Eventually.GetAsync($"another node than {from} leads", Eventually.Patience, () => _client.ActiveAsync(other: from));
}
