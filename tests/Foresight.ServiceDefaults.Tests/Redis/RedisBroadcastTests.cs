using System.Collections.Concurrent;
using Foresight.Protocol;

namespace Foresight.ServiceDefaults.Tests.Redis;

[Collection(ServersCollection.Name)]
public sealed class RedisBroadcastTests(Servers servers)
{
    private readonly string _prefix = $"{Guid.NewGuid():N}:";

    [Fact]
    public async Task AMessage_ReachesTheListenersOfItsCluster_AndNoOther()
    {
        using var sender = new RedisClient(servers.Redis, _prefix);
        using var listener = new RedisClient(servers.Redis, _prefix);
        using var stranger = new RedisClient(servers.Redis, $"not-{_prefix}");
        var (heard, overheard) = (new ConcurrentQueue<string>(), new ConcurrentQueue<string>());
        listener.Broadcast.Subscribe<LeaderMessage>(Channels.ClusterLeader, message => heard.Enqueue(message.NodeId));
        stranger.Broadcast.Subscribe<LeaderMessage>(Channels.ClusterLeader, message => overheard.Enqueue(message.NodeId));

        sender.Broadcast.Publish(Channels.ClusterLeader, Message("ours"));
        await Eventually.TrueAsync("it is heard", Eventually.Patience, () => heard.Contains("ours"));
        // Over the same connection, so that it arrives after everything that was sent before it.
        stranger.Broadcast.Publish(Channels.ClusterLeader, Message("theirs"));
        await Eventually.TrueAsync("the stranger hears its own", Eventually.Patience, () => overheard.Contains("theirs"));
        Assert.Equal(["theirs"], overheard);
        Assert.Equal(["ours"], heard);
    }

    /// <summary>A client takes a message that arrives out of order for a gap.</summary>
    [Fact]
    public async Task MessagesOfAChannel_ReachTheirListenerInOrder()
    {
        const int Count = 20_000;
        using var sender = new RedisClient(servers.Redis, _prefix);
        using var listener = new RedisClient(servers.Redis, _prefix);
        var heard = new ConcurrentQueue<long>();
        listener.Broadcast.Subscribe<LeaderMessage>(Channels.ClusterLeader, message => heard.Enqueue(message.Epoch));
        for (var number = 0; number < Count; number++)
            sender.Broadcast.Publish(Channels.ClusterLeader, Message("ours") with { Epoch = number });
        await Eventually.TrueAsync("all are heard", Eventually.Patience, () => heard.Count == Count);
        Assert.Equal(Enumerable.Range(0, Count).Select(number => (long)number), heard);
    }

    [Theory]
    [InlineData("no JSON")]
    [InlineData("null")]
    [InlineData("[1]")]
    public async Task AMessageThatIsNotUnderstood_IsDropped_AndTheNextIsHeard(string body)
    {
        using var client = new RedisClient(servers.Redis, _prefix);
        var heard = new ConcurrentQueue<string>();
        client.Broadcast.Subscribe<LeaderMessage>(Channels.ClusterLeader, message => heard.Enqueue(message.NodeId));
        await client.Multiplexer.GetSubscriber().PublishAsync(client.Broadcast.Channel(Channels.ClusterLeader), body);
        client.Broadcast.Publish(Channels.ClusterLeader, Message("after"));
        await Eventually.TrueAsync("the next is heard", Eventually.Patience, () => !heard.IsEmpty);
        Assert.Equal(["after"], heard);
    }

    private static LeaderMessage Message(string node) => new("released", "thing", node, "http://127.0.0.1:1", 1);
}
