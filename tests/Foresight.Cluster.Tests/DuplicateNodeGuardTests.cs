using Foresight.Protocol;
using Foresight.ServiceDefaults.Hosting;
using Foresight.ServiceDefaults.Redis;
using Foresight.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Foresight.Cluster.Tests;

[Collection(ServersCollection.Name)]
[Trait("Category", "Trust")]
public sealed class DuplicateNodeGuardTests(Servers servers)
{
    private readonly string _prefix = $"{Guid.NewGuid():N}:";

    [Fact]
    public async Task OfTwoLiveProcesses_TheYoungerTakesAnotherName()
    {
        using var ofOlder = new RedisClient(servers.Redis, _prefix);
        using var ofYounger = new RedisClient(servers.Redis, _prefix);
        var (older, younger) = (IdentityOf(hoursAgo: 1), IdentityOf(hoursAgo: 0));
        GuardOf(older, ofOlder).Listen();
        var guard = GuardOf(younger, ofYounger);
        guard.Listen();
        await Eventually.TrueAsync(
            "the younger is renamed",
            Eventually.Patience,
            () =>
            {
                guard.Announce();
                return Task.FromResult(younger.Id != "n1");
            }
        );
        Assert.Equal("n1", older.Id);
    }

    /// <summary>Its seal is genuine and young enough, and the replacement has not seen it before.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task WhatADeadProcessSent_SentAgain_RenamesNoOne(bool asAnAnswer)
    {
        using var enemy = new RedisClient(servers.Redis, _prefix, "a secret that is not the cluster's");
        var channel = enemy.Broadcast.Channel(Channels.ClusterNodes);
        var recorded = new TaskCompletionSource<byte[]>();
        var raw = enemy.Multiplexer.GetSubscriber();
        await raw.SubscribeAsync(channel, (_, message) => recorded.TrySetResult(message!));
        using (var ofDead = new RedisClient(servers.Redis, _prefix))
        {
            var dead = IdentityOf(hoursAgo: 1);
            var announcement = new NodeAnnouncement(dead.Id, dead.Instance, dead.StartedAt, 1, asAnAnswer ? Guid.NewGuid() : null);
            ofDead.Broadcast.Publish(Channels.ClusterNodes, announcement);
            await recorded.Task.WaitAsync(Eventually.Patience);
        }

        using var ofFresh = new RedisClient(servers.Redis, _prefix);
        var fresh = IdentityOf(hoursAgo: 0);
        GuardOf(fresh, ofFresh).Listen();
        // Added last, so it comes after the guard has heard the message.
        var arrived = new TaskCompletionSource();
        ofFresh.Broadcast.Subscribe<NodeAnnouncement>(Channels.ClusterNodes, _ => arrived.TrySetResult());
        await raw.PublishAsync(channel, await recorded.Task);
        await arrived.Task.WaitAsync(Eventually.Patience);
        Assert.Equal("n1", fresh.Id);
    }

    private static NodeIdentity IdentityOf(int hoursAgo) => new("n1", "matching", "1", DateTimeOffset.UtcNow.AddHours(-hoursAgo));

    private static DuplicateNodeGuard GuardOf(NodeIdentity identity, RedisClient redis) =>
        new(identity, new NodePresence("matching", "active"), redis.Broadcast, NullLogger<DuplicateNodeGuard>.Instance);
}
