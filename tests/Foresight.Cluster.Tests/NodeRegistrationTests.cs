using Foresight.Cluster;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Foresight.Cluster.Tests;

[Collection(ServersCollection.Name)]
[Trait("Category", "Trust")]
public sealed class NodeRegistrationTests(Servers servers)
{
    [Fact]
    public async Task ANodeThatWasPutOut_IsAnnounced_UntilItsTimeIsOver()
    {
        using var redis = new RedisClient(servers.Redis, $"{Guid.NewGuid():N}:");
        var clock = new FakeTimeProvider();
        var registry = RegistryOf(redis);
        var presence = new NodePresence("matching", "active");
        var registration = new NodeRegistration(
            registry,
            new NodeIdentity("n1", "matching", "1.0", DateTimeOffset.UnixEpoch),
            presence,
            clock
        );
        presence.SetPutOut([
            new PutOutNode("api-1", PutOutReasons.BadSignature, clock.GetUtcNow() + TimeSpan.FromMinutes(1)),
            new PutOutNode("api-2", PutOutReasons.BadSignature, clock.GetUtcNow() + TimeSpan.FromMinutes(2)),
        ]);

        foreach (var expected in new string[]?[] { ["api-1", "api-2"], ["api-2"], null })
        {
            await registration.WriteAsync(CancellationToken.None);
            Assert.Equal(expected, (await registry.FindAsync("n1"))!.PutOut?.Select(node => node.NodeId));
            clock.Advance(TimeSpan.FromMinutes(1));
        }
    }

    /// <summary>Names are up to 63 characters; an enemy who has the cluster's secret can invent any number of them.</summary>
    [Fact]
    public async Task HoweverManyNodesWerePutOut_TheRecordIsRead_WithTheLatestOfThem()
    {
        using var redis = new RedisClient(servers.Redis, $"{Guid.NewGuid():N}:");
        var clock = new FakeTimeProvider();
        var registry = RegistryOf(redis);
        var presence = new NodePresence("matching", "active");
        var identity = new NodeIdentity(new string('n', NodeIdentity.MaximumLength), "matching", "1.0", DateTimeOffset.UnixEpoch);
        string NameOf(int i) => $"{i:0000}".PadRight(NodeIdentity.MaximumLength, 'x');
        presence.SetPutOut([
            .. Enumerable
                .Range(1, 256)
                .Select(i => new PutOutNode(NameOf(i), PutOutReasons.BadSignature, clock.GetUtcNow() + TimeSpan.FromMinutes(1 + i))
                {
                    Host = "2001:0db8:0000:0000:0000:0000:0000:0001",
                }),
        ]);
        await new NodeRegistration(registry, identity, presence, clock).WriteAsync(CancellationToken.None);
        Assert.Equal(
            Enumerable.Range(225, NodeRegistration.MaximumPutOut).Select(NameOf),
            (await registry.FindAsync(identity.Id))!.PutOut!.Select(node => node.NodeId)
        );
    }

    private static NodeRegistry RegistryOf(RedisClient redis) =>
        new(redis.Database, TestHints.Of(), new NoNotices(), TimeProvider.System, NullLogger<NodeRegistry>.Instance);
}
