using System.Net.Http.Json;
using Foresight.Api.Tests.Stack;
using Foresight.Protocol;

namespace Foresight.Api.Tests.Operations;

[Collection(ApiStackCollection.Name)]
public sealed class ClusterOutageTests(ApiStack stack) : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private GatewayOfTest _gateway = null!;

    public async Task InitializeAsync()
    {
        _gateway = await GatewayOfTest.OpenAsync(
            stack,
            command => Task.FromResult(new CommandResult(command.RequestId, ResultStatus.NotLeader))
        );
        await stack.ExecuteAsync(
            """
            UPDATE leadership SET address = 'https://10.0.0.1:1' WHERE node_id = 'leader-of-test';
            INSERT INTO leadership_history (resource, epoch, node_id, previous_node_id, acquired_at, phases) VALUES
                ('matching-engine', 7, 'leader-of-test', 'm-1', '2026-01-02Z',
                '{"detected": 10, "lease": 20, "fenced": 30.5, "recovered": 40, "first_ack": 50}')
            """
        );
        await UntilAsync(
            "both answer",
            status => status is { Redis.State: "up", Postgres.State: "up", Leader: not null, Resources.Count: > 0, Nodes.Count: > 0 }
        );
    }

    public async Task DisposeAsync()
    {
        await stack.ExecuteAsync("DELETE FROM leadership_history WHERE node_id = 'leader-of-test'");
        await _gateway.DisposeAsync();
    }

    [Fact]
    public async Task WithoutRedis_TheLeaderIsTold_AsPostgresKnowsIt()
    {
        Assert.True((await StatusAsync()).HasLeader);
        await stack.KillAsync("redis");
        try
        {
            var status = await UntilAsync("Redis is down", status => status.Redis!.State == "down");
            Assert.Equal("up", status.Postgres!.State);
            Assert.True(status.HasLeader);
            AssertLeader(status.Leader!);
            AssertLeader(status.Shards!.Single().Leader!);
            Assert.Equal(50, status.Shards![0].LastFailover!.Phases["first_ack"]);
            Assert.Contains(status.Resources, row => row is { Resource: "matching-engine", Epoch: 7, NodeId: "leader-of-test" });
            Assert.Contains(status.Nodes, node => node.Kind == "api");
            Assert.All(status.Nodes, node => Assert.True(node.HeartbeatAt <= status.Redis!.ReadAt));

            AssertLeader((await stack.Admin.GetFromJsonAsync<LeaderView>("cluster/leader"))!);
            Assert.Equal("https://10.0.0.1:1", (await stack.Admin.GetFromJsonAsync<LeaderView>("cluster/leader"))!.Address);
            Assert.Equal("", (await stack.Http.GetFromJsonAsync<LeaderView>("cluster/leader"))!.Address);
            var overview = (await stack.Admin.GetFromJsonAsync<AdminOverview>("admin/overview"))!;
            AssertLeader(overview.Cluster!.Leader!);
            Assert.DoesNotContain("cluster", overview.Unavailable.Keys);
            // The list could only be empty or old, so it is refused.
            Assert.Equal(503, (int)(await stack.Http.GetAsync("cluster/nodes")).StatusCode);
        }
        finally
        {
            await stack.StartServerAsync("redis");
        }

        await UntilAsync("Redis says again who leads", status => status is { Redis.State: "up", Nodes.Count: > 0 });

        static void AssertLeader(LeaderView leader) =>
            Assert.Equal(
                ("leader-of-test", 7L, DateTimeOffset.Parse("2026-01-02Z"), true, "unknown"),
                (leader.NodeId, leader.Epoch, leader.Since, leader.LeaseRemainingMs > 0, leader.State)
            );
    }

    [Fact]
    public async Task WithoutPostgres_TheLastKnownLeaderIsTold_AndTheTermsAsTheyWereRead()
    {
        // They are read at a replica, which may be a moment behind what this test has written.
        var before = await UntilAsync("the failover is read", status => status.Shards!.Single().LastFailover?.Epoch == 7);
        await stack.KillAsync("postgres-replica");
        await stack.KillAsync("postgres");
        try
        {
            var status = await UntilAsync("Postgres is down", status => status.Postgres!.State == "down");
            Assert.Equal("up", status.Redis!.State);
            Assert.True(status.Postgres!.ReadAt >= before.Postgres!.ReadAt);
            Assert.True(status.HasLeader);
            Assert.Equal(("leader-of-test", 7L), (status.Leader!.NodeId, status.Leader.Epoch));
            Assert.Equal(before.Resources, status.Resources);
            Assert.Equal(7, status.Shards!.Single().LastFailover!.Epoch);
            Assert.Contains(status.Nodes, node => node.Kind == "api");
            Assert.Equal("leader-of-test", (await stack.Http.GetFromJsonAsync<LeaderView>("cluster/leader"))!.NodeId);
            var overview = (await stack.Admin.GetFromJsonAsync<AdminOverview>("admin/overview"))!;
            Assert.Equal("down", overview.Cluster!.Postgres!.State);
            Assert.Contains("reconciliation", overview.Unavailable.Keys);
        }
        finally
        {
            await stack.StartServerAsync("postgres");
            await stack.StartServerAsync("postgres-replica");
            stack.Primary.Clear();
        }

        await UntilAsync("Postgres tells the terms again", status => status.Postgres!.State == "up");
    }

    private async Task<ClusterStatus> StatusAsync() => (await stack.Http.GetFromJsonAsync<ClusterStatus>("cluster/status"))!;

    /// <summary>Each answer in between must be a 200 too: the loss of one source must not fail the whole status.</summary>
    private async Task<ClusterStatus> UntilAsync(string what, Func<ClusterStatus, bool> holds)
    {
        ClusterStatus? status = null;
        await Eventually.TrueAsync(what, Patience, async () => holds(status = await StatusAsync()));
        return status!;
    }
}
