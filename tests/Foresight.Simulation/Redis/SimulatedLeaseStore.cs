using Foresight.Contracts;
using Foresight.Matching.Leadership;
using Foresight.ServiceDefaults.Redis;
using Foresight.Simulation.Network;
using Foresight.Simulation.Processes;
using StackExchange.Redis;

namespace Foresight.Simulation.Redis;

/// <summary>One process' way to the leases: the same scripts, time-outs and failures as <see cref="RedisLeaseStore"/> has.</summary>
internal sealed class SimulatedLeaseStore(World world, Process process, Link link, TimeProvider clock, IBroadcast broadcast) : ILeaseStore
{
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(1);

    public Task<LeaseReading> ReadAsync(string resource, TimeSpan duration) => AskAsync(redis => redis.Read(resource));

    public async Task<bool> TryAcquireAsync(string resource, LeaseRecord record, TimeSpan duration) =>
        Bid(process.Ran, await AskAsync(redis => redis.Acquire(resource, record, duration)));

    public async Task<bool> TryReplaceAsync(string resource, Guid deadToken, LeaseRecord record, TimeSpan duration) =>
        Bid(process.Ran, await AskAsync(redis => redis.SetIfOf(resource, deadToken, record, duration)));

    public async Task<RenewOutcome> RenewAsync(string resource, LeaseRecord record, TimeSpan duration)
    {
        var sentAt = process.Ran;
        try
        {
            var renewed = await AskAsync(redis => redis.SetIfOf(resource, record.Token, record, duration));
            if (renewed) world.Invariants.Renewed(process, sentAt);
            return renewed ? RenewOutcome.Renewed : RenewOutcome.NotOurs;
        }
        catch (Exception error) when (error is RedisException or TimeoutException)
        {
            return RenewOutcome.Unknown;
        }
    }

    public async Task ReleaseAsync(string resource, LeaseRecord record)
    {
        try
        {
            if (await AskAsync(redis => redis.DeleteIfOf(resource, record.Token)))
                broadcast.Publish(Channels.ClusterLeader, new LeaderMessage("released", resource, record.NodeId, record.Address, record.Epoch));
        }
        catch (Exception error) when (error is RedisException or TimeoutException)
        {
            world.Trace.Note(process.Name, "could not give the lease back");
        }
    }

    private bool Bid(TimeSpan sentAt, bool won)
    {
        if (won) world.Invariants.Renewed(process, sentAt);
        if (won) world.Trace.Add(process.Name, "won the lease");
        return won;
    }

    private Task<T> AskAsync<T>(Func<SimulatedRedis, T> work) => Call<T>.AskAsync(
        process, clock, link, call => world.Redis.Arrive(call, () => work(world.Redis)), AnswerTimeout, () => new TimeoutException("Redis (simulated)."));
}
