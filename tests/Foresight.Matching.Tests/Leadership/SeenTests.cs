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
        await client.Router.SendAsync([Traders.Fund(1)]);

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

    private static async Task ShowsAsync(TestClient client, string nodeId, params IReadOnlyList<string> lines)
    {
        using var http = new HttpClient
        {
            DefaultRequestVersion = new Version(2, 0),
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
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
