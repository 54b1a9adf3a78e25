using System.Net.Http.Json;
using Foresight.Matching.Tests.Nodes;
using Foresight.Matching.Tests.Stores;
using Foresight.Protocol;

namespace Foresight.Matching.Tests.Gateway;

[Collection(StoresCollection.Name)]
public sealed class GatewayWarmupTests(StoresFixture stores)
{
    [Fact]
    public async Task AnOrderComesInAsFromAnApi_AndNoLeaderTakesIt_OrPutsItsSenderOut()
    {
        await using var cluster = await TestCluster.CreateAsync(stores);
        await using var leader = await TestNode.StartAsync("n1", cluster);
        await leader.ActiveAsync();
        await using var follower = await TestNode.StartAsync("n2", cluster);
        using var observer = ProvenHttp.Of(cluster.Settings["CLUSTER_SECRET"]!, nodeId: "observer");
        var before = await CommandsAsync();
        foreach (var node in new[] { leader, follower })
        {
            await node.WarmUpAsync();
            var status = await observer.GetFromJsonAsync<MatchingNodeStatus>(new Uri(new Uri(node.Presence.Address), "gateway/status"));
            Assert.Equal(1, status!.Signatures);
            Assert.Empty(status.PutOut);
            Assert.DoesNotContain(node.Said, line => line.Contains("Gateway:", StringComparison.Ordinal));
        }

        Assert.Equal(before, await CommandsAsync());

        async Task<long> CommandsAsync()
        {
            await using var command = leader.Primary.CreateCommand("SELECT count(*) FROM commands");
            return (long)(await command.ExecuteScalarAsync())!;
        }
    }
}
