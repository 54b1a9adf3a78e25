using Foresight.Matching.Tests.Nodes;
using Foresight.Matching.Tests.Stores;

namespace Foresight.Matching.Tests.Leadership;

[Collection(StoresCollection.Name)]
public sealed class NamesakeTests(StoresFixture stores)
{
    [Fact]
    public async Task TheYoungerOfTwoNamesakes_TakesAnotherName_AndOneThatReplacesADeadProcessKeepsIts()
    {
        await using var cluster = await TestCluster.CreateAsync(stores);
        await using var client = new TestClient(cluster);
        await using var older = new NodeProcess("n1", cluster.Settings);
        await Eventually.TrueAsync(
            "the older one leads",
            Eventually.Patience,
            async () => (await client.ActiveAsync())?.ProcessId == older.Id
        );
        await using var younger = new NodeProcess("n1", cluster.Settings);
        await Eventually.TrueAsync(
            "both are known, by two names",
            Eventually.Patience,
            async () =>
                await NodesAsync(client) is [("n1", var first), var (own, second)]
                && own.StartsWith("n1-", StringComparison.Ordinal)
                && (first, second) == (older.Id, younger.Id)
        );
        await Eventually.TrueAsync(
            "both warn",
            Eventually.Patience,
            () =>
                older.Output.Contains("NODE_ID n1 is also used by a younger process")
                && younger.Output.Contains("NODE_ID n1 is used by an older live process")
        );
        Assert.Equal(older.Id, (await client.ActiveAsync())!.ProcessId);

        await client.Router.AcceptAsync(Traders.Fund(1), Traders.Fund(2));
        await using var load = new Load(client, cluster);
        await load.AcknowledgedAsync(20);
        older.KillNow();
        await using var successor = new NodeProcess("n1", cluster.Settings);
        await Eventually.TrueAsync(
            "the younger one leads, by its own name",
            Eventually.Patience,
            async () => await client.ActiveAsync(other: "n1") is { } leader && leader.ProcessId == younger.Id
        );
        await Eventually.TrueAsync(
            "the successor has the name",
            Eventually.Patience,
            async () => await NodesAsync(client) is [("n1", var first), (_, var second)] && (first, second) == (successor.Id, younger.Id)
        );
        await load.AcknowledgedAsync(20);
        await load.AssertNothingLostOrDoubledAsync();
    }

    private static async Task<IReadOnlyList<(string, int)>> NodesAsync(TestClient client) =>
        [.. (await client.Nodes.ListAsync()).Select(node => (node.NodeId, node.ProcessId))];
}
