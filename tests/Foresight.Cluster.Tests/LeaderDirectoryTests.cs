using System.Text.Json;
using Foresight.Cluster;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Redis;
using Microsoft.Extensions.Logging.Abstractions;
using StackExchange.Redis;
using StackExchange.Redis.KeyspaceIsolation;

namespace Foresight.Cluster.Tests;

/// <summary>A notice of another leader makes the directory ask Redis; forged ones make it ask no more than once a second.</summary>
[Collection(ServersCollection.Name)]
public sealed class LeaderDirectoryTests(Servers servers)
{
    private const string Resource = "a resource of this test";

    [Fact]
    public async Task ANotice_EndsAReadingThatItContradicts_OnceASecond()
    {
        await using var connection = await ConnectionMultiplexer.ConnectAsync(servers.Redis);
        var redis = connection.GetDatabase().WithKeyPrefix("leader-notices:");
        var settings = new RedisSettings(servers.Redis, "leader-notices:");
        var clock = new StoppedClock();
        var broadcast = new RedisBroadcast(connection, settings, NullLogger<RedisBroadcast>.Instance);
        var leaders = new LeaderDirectory(redis, broadcast, clock, NullLogger<LeaderDirectory>.Instance);
        await LeadAsync("a", 1);
        Assert.Equal("a", await LeaderAsync());
        await LeadAsync("b", 2);

        leaders.Notice(Resource, "a", 1, isLeader: true);
        leaders.Notice(Resource, "c", 7, isLeader: false);
        leaders.Notice("no resource", "b", 2, isLeader: true);
        Assert.Equal("a", await LeaderAsync());
        leaders.Notice(Resource, "b", 2, isLeader: true);
        Assert.Equal("b", await LeaderAsync());

        await LeadAsync("c", 3);
        for (var epoch = 3; epoch < 200; epoch++)
            leaders.Notice(Resource, "forged", epoch, isLeader: true);
        Assert.Equal("b", await LeaderAsync());
        // A reading is reused for less than this, so the directory asks Redis again.
        clock.Passed = TimeSpan.FromSeconds(1);
        Assert.Equal("c", await LeaderAsync());
        await redis.KeyDeleteAsync(LeaderDirectory.LeaseKey(Resource));
        leaders.Notice(Resource, "c", 3, isLeader: false);
        Assert.Null(await LeaderAsync());

        async Task<string?> LeaderAsync() => (await leaders.FindAsync(Resource))?.NodeId;

        Task LeadAsync(string node, long epoch) =>
            redis.StringSetAsync(
                LeaderDirectory.LeaseKey(Resource),
                JsonSerializer.Serialize(
                    new LeaseRecord(node, "http://127.0.0.1:1", Guid.NewGuid(), epoch, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch),
                    JsonSerializerOptions.Web
                )
            );
    }

    private sealed class StoppedClock : TimeProvider
    {
        public TimeSpan Passed { get; set; }

        public override long GetTimestamp() => Passed.Ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;
    }
}
