using System.Globalization;
using Foresight.Matching.Tests.Nodes;
using Foresight.Matching.Tests.Stores;
using Foresight.Protocol;

namespace Foresight.Matching.Tests.Leadership;

[Collection(StoresCollection.Name)]
public sealed class SeenTests(StoresFixture stores)
{
    private static readonly string[] Phases = ["detected", "lease", "fenced", "recovered", "first_ack"];

    private readonly Traders _traders = new(seed: 74);

    [Fact]
    public async Task AHandOver_ShowsInMetricsLogAndHistory_OnBothSides()
    {
        await using var cluster = await TestCluster.CreateAsync(stores);
        await using var client = new TestClient(cluster);
        await using var first = new NodeProcess("n1", cluster.Settings);
        await Eventually.TrueAsync("the first node leads", Eventually.Patience, async () => (await client.ActiveAsync())?.NodeId == "n1");
        await using var second = new NodeProcess("n2", cluster.Settings);
        await client.Router.AcceptAsync(Traders.Fund(1));

        // Present before the first event, because a rate needs a first value to start from.
        await ShowsAsync(
            client,
            "n1",
            "foresight_leader_status{resource=\"matching-engine\"} 1",
            "foresight_leader_epoch{resource=\"matching-engine\"} 1",
            "foresight_leader_election_total{resource=\"matching-engine\",result=\"won\"} 1",
            "foresight_in_doubt_commits_total{} 0",
            "foresight_fence_rejections_total{resource=\"matching-engine\"} 0",
            "foresight_lease_lost_total{resource=\"matching-engine\"} 0"
        );
        await ShowsAsync(
            client,
            "n2",
            "foresight_leader_status{resource=\"matching-engine\"} 0",
            "foresight_leader_epoch{resource=\"matching-engine\"} 0",
            "foresight_cluster_nodes_total{kind=\"matching\",state=\"active\"} 1"
        );

        first.AskToEnd();
        await Eventually.TrueAsync(
            "the second node leads",
            Eventually.Patience,
            async () => (await client.ActiveAsync(other: "n1"))?.NodeId == "n2"
        );
        var placed = await client.Router.SendAsync([_traders.Place(1, 1, 0, isBuy: true, price: 4_000, lots: 1)]);
        Assert.Equal(ResultStatus.Accepted, placed.Single().Status);
        await Eventually.TrueAsync(
            "every phase is in the history",
            Eventually.Patience,
            async () =>
                await cluster.ScalarAsync<bool>(
                    $"""
                    SELECT phases ?& ARRAY['{string.Join("', '", Phases)}'] FROM leadership_history
                    WHERE resource = 'matching-engine' AND epoch = 2
                    """
                )
        );
        Assert.Equal(
            $"{TakeOverReasons.First},{TakeOverReasons.HandedOver}",
            await cluster.ScalarAsync<string>(
                "SELECT string_agg(reason, ',' ORDER BY epoch) FROM leadership_history WHERE resource = 'matching-engine'"
            )
        );
        await ShowsAsync(
            client,
            "n2",
            [
                "foresight_leader_status{resource=\"matching-engine\"} 1",
                "foresight_leader_epoch{resource=\"matching-engine\"} 2",
                .. Phases.Select(phase => $"foresight_failover_phase_ms_count{{phase=\"{phase}\",resource=\"matching-engine\"}} 1"),
            ]
        );

        await first.EndedAsync(Eventually.Patience);
        await SaysAsync(
            first,
            "Lease of matching-engine acquired",
            "Leading matching-engine in epoch 1, after no earlier leader.",
            "Draining matching-engine in epoch 1 before a hand-over.",
            "Following matching-engine."
        );
        await SaysAsync(
            second,
            "Lease of matching-engine acquired",
            "Leading matching-engine in epoch 2, after n1.",
            "Take-over of matching-engine in epoch 2 completed. Time since the previous term was known to be alive: detected "
        );
    }

    [Theory]
    [InlineData(false, TakeOverReasons.Crashed)]
    [InlineData(true, TakeOverReasons.LeaseExpired)]
    public async Task ALeaderThatDies_AndOneThatIsFrozen_AreToldApartInTheHistory(bool isFrozen, string reason)
    {
        await using var cluster = await TestCluster.CreateAsync(stores);
        await using var client = new TestClient(cluster);
        await using var first = new NodeProcess("n1", cluster.Settings);
        await using var second = await SecondAsync(cluster, client);
        if (isFrozen)
            first.Pause();
        else
            first.KillNow();
        await Eventually.TrueAsync(
            "the second node leads, for a reason",
            Eventually.Patience,
            async () =>
                await cluster.ScalarAsync<string?>(
                    "SELECT reason FROM leadership_history WHERE resource = 'matching-engine' AND epoch = 2 AND node_id = 'n2'"
                ) == reason
        );
    }

    [Fact]
    [Trait("Category", "Console")]
    public async Task ALeaderThatAnOperatorAsks_StepsDown_AndADrainedNodeDoesNotComeBack()
    {
        await using var cluster = await TestCluster.CreateAsync(stores);
        await using var client = new TestClient(cluster);
        await using var first = new NodeProcess("n1", cluster.Settings);
        await using var second = await SecondAsync(cluster, client);
        await client.Router.AcceptAsync(Traders.Fund(1));

        await cluster.ExecuteAsync("INSERT INTO step_downs (resource, epoch) VALUES ('matching-engine', 1)");
        await LedByAsync(cluster, epoch: 2, "n2");
        Assert.Equal(ResultStatus.Accepted, (await client.Router.SendAsync([_traders.Place(1, 1, 0, true, 4_000, 1)])).Single().Status);
        Assert.False(first.HasEnded);
        await SaysAsync(first, "Stepped down from matching-engine in epoch 1, as an operator wanted.");

        await cluster.ExecuteAsync(
            "INSERT INTO operator_holds (subject, subject_id, actor, key_name, note) VALUES ('node', 'n2', 'Ada', 'ada', 'disk')"
        );
        await LedByAsync(cluster, epoch: 3, "n1");
        await SaysAsync(second, "Stepped down from matching-engine in epoch 2, as an operator wanted.");
        // Without its rival it would lead at once; drained it does not, until that ends.
        first.AskToEnd();
        await first.EndedAsync(Eventually.Patience);
        await SaysAsync(second, "An operator has drained this node: it does not bid for matching-engine.");
        const string IsFreeForLong =
            "SELECT renewed_at IS NULL AND clock_timestamp() > '{0:O}'::timestamptz + interval '3 s' FROM leadership "
            + "WHERE resource = 'matching-engine'";
        var endedAt = await cluster.ScalarAsync<DateTime>("SELECT clock_timestamp()");
        await Eventually.TrueAsync(
            "the lease was free for six looks",
            Eventually.Patience,
            () => cluster.ScalarAsync<bool>(string.Format(CultureInfo.InvariantCulture, IsFreeForLong, endedAt))
        );
        await cluster.ExecuteAsync("DELETE FROM operator_holds");
        await LedByAsync(cluster, epoch: 4, "n2", TakeOverReasons.HandedOver);
    }

    /// <summary>Started when the first leads, and announced.</summary>
    private static async Task<NodeProcess> SecondAsync(TestCluster cluster, TestClient client)
    {
        await Eventually.TrueAsync("the first node leads", Eventually.Patience, async () => (await client.ActiveAsync())?.NodeId == "n1");
        var second = new NodeProcess("n2", cluster.Settings);
        await Eventually.TrueAsync(
            "the second node is announced",
            Eventually.Patience,
            async () => await client.Nodes.FindAsync("n2") is not null
        );
        return second;
    }

    private static Task LedByAsync(TestCluster cluster, long epoch, string node, string reason = TakeOverReasons.Operator) =>
        Eventually.TrueAsync(
            $"{node} leads in epoch {epoch}",
            Eventually.Patience,
            () =>
                cluster.ScalarAsync<bool>(
                    $"""
                    SELECT EXISTS (SELECT FROM leadership_history
                        WHERE resource = 'matching-engine' AND epoch = {epoch} AND node_id = '{node}' AND reason = '{reason}')
                    """
                )
        );

    private static async Task ShowsAsync(TestClient client, string nodeId, params IReadOnlyList<string> lines)
    {
        using var http = ProvenHttp.Of(TestStores.ClusterSecret);
        foreach (var line in lines)
        {
            await Eventually.TrueAsync(
                $"{nodeId} shows {line}",
                Eventually.Patience,
                async () =>
                    await client.Nodes.FindAsync(nodeId) is { Address.Length: > 0 } node
                    && (await http.GetStringAsync(new Uri(new Uri(node.Address), "/metrics"))).Contains(
                        $"\n{line}\n",
                        StringComparison.Ordinal
                    )
            );
        }
    }

    private static async Task SaysAsync(NodeProcess node, params IReadOnlyList<string> sentences)
    {
        foreach (var sentence in sentences)
            await Eventually.TrueAsync(
                $"{node.NodeId} says: {sentence}",
                Eventually.Patience,
                () => node.Everything.Contains(sentence, StringComparison.Ordinal)
            );
    }
}
