using System.Diagnostics.Metrics;
using Foresight.Cluster;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Hosting;
using Foresight.ServiceDefaults.Redis;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Foresight.Cluster.Tests;

[Collection(ServersCollection.Name)]
public sealed class NodeAnnouncerTests(Servers servers)
{
    [Fact]
    public async Task RecordIsWrittenEverySecond_WithThatPromise_AndTheNameIsCalledOnceOnly()
    {
        using var redis = new RedisClient(servers.Redis, $"{Guid.NewGuid():N}:");
        await using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var registry = new NodeRegistry(
            redis.Database,
            TestHints.Of(),
            new NoNotices(),
            TimeProvider.System,
            NullLogger<NodeRegistry>.Instance
        );
        var identity = new NodeIdentity("n1", "matching", "1.0", DateTimeOffset.UnixEpoch);
        var presence = new NodePresence("matching", "active");
        var broadcast = new CountingBroadcast();
        using var announcer = new NodeAnnouncer(
            new NodeRegistration(registry, identity, presence, TimeProvider.System),
            new DuplicateNodeGuard(identity, presence, broadcast, NullLogger<DuplicateNodeGuard>.Instance),
            broadcast,
            new ClusterMetrics(services.GetRequiredService<IMeterFactory>()),
            TimeProvider.System,
            NullLogger<NodeAnnouncer>.Instance
        );
        await announcer.StartAsync(CancellationToken.None);
        var heartbeats = new HashSet<DateTimeOffset>();
        await Eventually.TrueAsync(
            "four heartbeats",
            Eventually.Patience,
            async () =>
            {
                if (await registry.FindAsync("n1") is { } node)
                {
                    Assert.Equal((int)NodeRegistry.HeartbeatInterval.TotalMilliseconds, node.HeartbeatMs);
                    heartbeats.Add(node.HeartbeatAt);
                }

                return heartbeats.Count >= 4;
            }
        );
        // Between the first heartbeat and the fourth are three pauses, and 15 s have not passed unless the machine stood still.
        if (heartbeats.Max() - heartbeats.Min() < TimeSpan.FromSeconds(12))
            Assert.Equal(1, broadcast.Published);

        await announcer.StopAsync(CancellationToken.None);
        Assert.Null(await registry.FindAsync("n1"));
    }

    private sealed class CountingBroadcast : IBroadcast
    {
        private int _published;

        public int Published => Volatile.Read(ref _published);

        public event Action? Restored
        {
            add { }
            remove { }
        }

        public void Publish<T>(string channel, T message) => Interlocked.Increment(ref _published);

        public void Subscribe<T>(string channel, Action<T> handle)
            where T : class { }
    }
}
