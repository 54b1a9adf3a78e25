using StackExchange.Redis;

namespace Foresight.Bench.Failover;

internal static class RedisFaults
{
    public static readonly IReadOnlyList<Fault> All =
    [
        new("redis-kill", "kill -9 of Redis, restarted empty", KillAsync, HasSuccessor: false),
        new("redis-freeze", "SIGSTOP of Redis for two leases", FreezeAsync),
        new("redis-pause", "CLIENT PAUSE of everybody for two leases", PauseAsync),
        new(
            "partition",
            "the leader is cut off from Redis, and from nothing else",
            scene => PartitionAsync(scene, scene.Leader.Redis, ProxyMode.Frozen)
        ),
        new(
            "partition-one-way",
            "Redis hears the leader, and the leader hears nothing",
            scene => PartitionAsync(scene, scene.Leader.Redis, ProxyMode.FrozenReplies)
        ),
        new(
            "trickle",
            "the leader's way to Redis carries 10 bytes a second",
            scene => PartitionAsync(scene, scene.Leader.Redis, ProxyMode.Trickle)
        ),
        new("jitter", "every node's way to Redis delays each packet by 0 to 0.4 s, for two leases", JitterAsync, HasSuccessor: false)
        {
            // Leadership may change once within two leases.
            BoundsOf = _ => new Bounds(Epochs: 1),
        },
        new("lease-delete", "the lease's key is deleted by hand", DeleteLeaseAsync, HasSuccessor: false)
        {
            // After the loss of its key the holder, or another node, serves again within the lease and a second.
            BoundsOf = lease => new Bounds(Silence: lease.LeaseDuration.TotalSeconds + 1),
        },
        new("lease-forge", "the lease's key is overwritten by hand: another node holds it, without an end", ForgeLeaseAsync)
        {
            // A forged lease without expiry is honoured for one lease: from one poll of a follower to the poll after that time.
            BoundsOf = lease => new Bounds(Silence: (lease.LeaseDuration + (lease.PollInterval * 2)).TotalSeconds + 1),
        },
    ];

    private static Injected LiftedNow() => new(DateTimeOffset.UtcNow);

    private static async Task<Injected> KillAsync(Scene scene)
    {
        await scene.Cluster.Stores.KillAsync("redis");
        await scene.Cluster.Stores.StartAgainAsync("redis");
        return LiftedNow();
    }

    private static async Task<Injected> FreezeAsync(Scene scene)
    {
        using (scene.Cluster.Stores.Freeze("redis"))
            await Task.Delay(scene.LeaseDuration * 2);
        return LiftedNow();
    }

    private static async Task<Injected> PauseAsync(Scene scene)
    {
        using (var redis = await ConnectionMultiplexer.ConnectAsync($"{scene.Cluster.Stores.Redis},allowAdmin=true"))
            await redis.GetDatabase().ExecuteAsync("CLIENT", "PAUSE", (long)(scene.LeaseDuration * 2).TotalMilliseconds, "ALL");
        await Task.Delay(scene.LeaseDuration * 2);
        return LiftedNow();
    }

    public static async Task<Injected> PartitionAsync(Scene scene, TcpProxy wire, ProxyMode mode)
    {
        var before = await scene.Cluster.EpochAsync();
        wire.Set(mode);
        await scene.Cluster.NextEpochAsync(before);
        await Task.Delay(scene.LeaseDuration);
        wire.Set(ProxyMode.Forward);
        return LiftedNow();
    }

    private static async Task<Injected> JitterAsync(Scene scene)
    {
        foreach (var member in scene.Cluster.Members)
            member.Redis.Set(ProxyMode.Jitter);
        await Task.Delay(scene.LeaseDuration * 2);
        foreach (var member in scene.Cluster.Members)
            member.Redis.Set(ProxyMode.Forward);
        return LiftedNow();
    }

    private static async Task<Injected> DeleteLeaseAsync(Scene scene)
    {
        await scene.Cluster.DeleteLeaseAsync();
        return LiftedNow();
    }

    private static async Task<Injected> ForgeLeaseAsync(Scene scene)
    {
        await scene.Cluster.ForgeLeaseAsync(scene.Cluster.Members.First(member => member != scene.Leader));
        return new Injected();
    }
}
