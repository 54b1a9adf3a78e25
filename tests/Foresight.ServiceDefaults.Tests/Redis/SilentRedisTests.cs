using System.Collections.Concurrent;
using System.Diagnostics;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Redis;
using StackExchange.Redis;
using Xunit.Abstractions;

namespace Foresight.ServiceDefaults.Tests.Redis;

[Collection(ServersCollection.Name)]
[Trait("Category", "Parts")]
public sealed class SilentRedisTests(Servers servers, ITestOutputHelper output) : IAsyncLifetime
{
    private TcpProxy _proxy = null!;

    public Task InitializeAsync()
    {
        var address = servers.Redis.Split(',')[0].Split(':');
        _proxy = new TcpProxy(address[0], int.Parse(address[1]));
        return Task.CompletedTask;
    }

    public async Task DisposeAsync() => await _proxy.DisposeAsync();

    [Fact]
    public async Task ASilentServer_IsGivenUpWithinSeconds_AndSubscriptionsComeBack()
    {
        using var redis = Client();
        var heard = new ConcurrentQueue<string>();
        var restored = 0;
        redis.Broadcast.Subscribe<LeaderMessage>(Channels.ClusterLeader, message => heard.Enqueue(message.NodeId));
        redis.Broadcast.Restored += () => Interlocked.Increment(ref restored);
        await HeardAsync("before");

        var frozen = Stopwatch.StartNew();
        _proxy.Set(ProxyMode.Frozen);
        // Some are waiting when the connection is abandoned, which must not look like a cancellation to their callers.
        var asking = Enumerable.Range(0, 8).Select(_ => AskUntilGivenUpAsync(redis)).ToArray();
        await Task.WhenAll(asking).WaitAsync(Eventually.Patience);
        output.WriteLine($"Given up after {frozen.Elapsed.TotalSeconds:0.00} s.");
        // Three seconds of silence, a beat a second, and a margin for a busy machine.
        Assert.InRange(frozen.Elapsed.TotalSeconds, 1.5, 8);

        var asked = Stopwatch.StartNew();
        await Assert.ThrowsAnyAsync<RedisException>(() => redis.Database.StringGetAsync("anything"));
        Assert.InRange(asked.ElapsedMilliseconds, 0, 500);
        redis.Broadcast.Publish(Channels.ClusterLeader, Message("lost"));

        _proxy.Set(ProxyMode.Forward);
        await HeardAsync("after");
        Assert.DoesNotContain("lost", heard);
        await Eventually.TrueAsync("it is told that the connection is back", Eventually.Patience, () => Volatile.Read(ref restored) == 1);

        async Task HeardAsync(string name)
        {
            using var other = Direct();
            await Eventually.TrueAsync(
                $"'{name}' is heard",
                Eventually.Patience,
                () =>
                {
                    other.Broadcast.Publish(Channels.ClusterLeader, Message(name));
                    return heard.Contains(name);
                }
            );
        }
    }

    [Fact]
    public async Task AStartBesideASilentServer_TakesASecond_AndJoinsItWhenItSpeaks()
    {
        _proxy.Set(ProxyMode.Frozen);
        var started = Stopwatch.StartNew();
        using var redis = Client();
        Assert.InRange(started.Elapsed.TotalSeconds, 0, 4);
        redis.Broadcast.Subscribe<LeaderMessage>(Channels.ClusterLeader, _ => { });
        await Assert.ThrowsAnyAsync<RedisException>(() => redis.Database.PingAsync());

        _proxy.Set(ProxyMode.Forward);
        await Eventually.TrueAsync(
            "it subscribes",
            Eventually.Patience,
            () =>
                redis.Multiplexer.IsConnected
                && redis.Multiplexer.GetSubscriber().IsConnected(redis.Broadcast.Channel(Channels.ClusterLeader))
        );
        await redis.Database.PingAsync();
    }

    private static async Task AskUntilGivenUpAsync(RedisClient redis)
    {
        while (redis.Multiplexer.IsConnected)
        {
            try
            {
                await redis.Database.StringGetAsync("anything").AnsweredAsync(TimeSpan.FromSeconds(10), TimeProvider.System);
            }
            catch (Exception error) when (error is RedisException or TimeoutException)
            {
                // Expected while the server is silent: the loop asks again.
            }
        }
    }

    private RedisClient Client() => new(_proxy.Redis(servers.Redis), _prefix);

    private RedisClient Direct() => new(servers.Redis, _prefix);

    private readonly string _prefix = $"{Guid.NewGuid():N}:";

    private static LeaderMessage Message(string node) => new("released", "thing", node, "http://127.0.0.1:1", 1);
}
