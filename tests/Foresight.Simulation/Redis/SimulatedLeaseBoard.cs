using Foresight.Cluster;
using Foresight.Matching.Leadership;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Redis;
using Foresight.ServiceDefaults.Trust;
using Foresight.Simulation.Network;

namespace Foresight.Simulation.Redis;

/// <summary>As with <see cref="RedisLeaseBoard"/>, nothing waits for Redis, and what is on the way arrives when it can.</summary>
internal sealed class SimulatedLeaseBoard(World world, SignedHints hints, Link link, IBroadcast broadcast) : ILeaseBoard
{
    public void Show(string resource, LeaseRecord record)
    {
        var shown = record with { LastRenewedAt = hints.Now };
        var signed = hints.Sign(LeaderDirectory.LeaseKey(resource), shown);
        world.Leases.Shown(shown, signed);
        link.Request(() =>
            AtRedis(redis =>
            {
                world.Enemy.Reads(signed);
                redis.Write(resource, signed, record.Duration);
            })
        );
    }

    public Task WithdrawAsync(string resource, LeaseRecord record)
    {
        broadcast.Publish(Channels.ClusterLeader, new LeaderMessage("released", resource, record.NodeId, record.Address, record.Epoch));
        link.Request(() => AtRedis(redis => redis.DeleteIfOf(resource, record.Token)));
        return Task.CompletedTask;
    }

    private void AtRedis(Action<SimulatedRedis> work)
    {
        if (world.Redis.Alive)
            world.Redis.Run(() => work(world.Redis));
    }
}
