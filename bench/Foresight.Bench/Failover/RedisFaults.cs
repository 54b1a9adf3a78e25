using StackExchange.Redis;

namespace Foresight.Bench.Failover;

internal static class RedisFaults
{
    private static readonly Bounds LeadsOn = new(Epochs: 0, Silence: 2);

    public static readonly IReadOnlyList<Fault> All =
    [
        // None of these ends a term, because nothing in Redis decides who leads.
        new("redis-kill", "kill -9 of Redis, restarted empty", KillAsync, HasSuccessor: false) { BoundsOf = _ => LeadsOn },
        new("redis-freeze", "SIGSTOP of Redis for two leases", FreezeAsync, HasSuccessor: false) { BoundsOf = _ => LeadsOn },
        new("redis-pause", "CLIENT PAUSE of everybody for two leases", PauseAsync, HasSuccessor: false) { BoundsOf = _ => LeadsOn },
        new(
            "partition",
            "the leader is cut off from Redis, and from nothing else",
            scene => WireAsync(scene, [scene.Leader], ProxyMode.Frozen),
            HasSuccessor: false
        )
        {
            BoundsOf = _ => LeadsOn,
        },
        new(
            "partition-one-way",
            "Redis hears the leader, and the leader hears nothing",
            scene => WireAsync(scene, [scene.Leader], ProxyMode.FrozenReplies),
            HasSuccessor: false
        )
        {
            BoundsOf = _ => LeadsOn,
        },
        new(
            "trickle",
            "the leader's way to Redis carries 10 bytes a second",
            scene => WireAsync(scene, [scene.Leader], ProxyMode.Trickle),
            HasSuccessor: false
        )
        {
            BoundsOf = _ => LeadsOn,
        },
        new(
            "jitter",
            "every node's way to Redis delays each packet by 0 to 0.4 s, for two leases",
            scene => WireAsync(scene, [.. scene.Cluster.Members], ProxyMode.Jitter),
            HasSuccessor: false
        )
        {
            BoundsOf = _ => LeadsOn,
        },
        new("lease-delete", "the lease's key is deleted by hand", DeleteLeaseAsync, HasSuccessor: false) { BoundsOf = _ => LeadsOn },
        new(
            "lease-forge",
            "the lease's key is overwritten by hand: another node holds it, without an end",
            ForgeLeaseAsync,
            HasSuccessor: false
        )
        {
            BoundsOf = _ => LeadsOn,
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

    private static async Task<Injected> WireAsync(Scene scene, IReadOnlyList<FaultCluster.Member> members, ProxyMode mode)
    {
        foreach (var member in members)
            member.Redis.Set(mode);
        await Task.Delay(scene.LeaseDuration * 2);
        foreach (var member in members)
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
        return LiftedNow();
    }
}
