using Foresight.Matching.Leadership;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Redis;
using Foresight.Simulation.Network;
using Foresight.Simulation.Processes;
using StackExchange.Redis;

namespace Foresight.Simulation.Redis;

/// <summary>
/// Has the same scripts, timeouts and failures as <see cref="RedisLeaseStore"/>. Its connection is abandoned when the server has been
/// silent for a while; the server still executes what was sent over it once it continues.
/// </summary>
internal sealed class SimulatedLeaseStore(World world, Process process, Link link, TimeProvider clock, IBroadcast broadcast) : ILeaseStore
{
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(1);

    /// <summary>The same as in <c>RedisSettings</c>, so that the simulated client gives up when the real one does.</summary>
    private static readonly TimeSpan ResponseTimeout = TimeSpan.FromSeconds(3);

    /// <summary>Number of readings, half a second apart, by which a node that finds its own lease must have given it back.</summary>
    private const int ReadingsOfAnOwnLease = 6;

    private readonly HashSet<Guid> _own = [];
    private int _ownInARow;
    private long? _unansweredSince;

    public async Task<LeaseReading> ReadAsync(string resource, TimeSpan duration)
    {
        // Read between terms only, so a lease of this process belongs to no running term.
        var reading = await AskAsync(redis => redis.Read(resource));
        _ownInARow = reading.Holder is { } holder && _own.Contains(holder.Token) ? _ownInARow + 1 : 0;
        if (_ownInARow >= ReadingsOfAnOwnLease)
            throw world.Violated("a lease is somebody's", $"{process.Name} leads no more, and a lease of its own keeps everybody waiting");
        return reading;
    }

    public async Task<bool> TryAcquireAsync(string resource, LeaseRecord record, TimeSpan duration)
    {
        _own.Add(record.Token);
        return Bid(process.Ran, await AskAsync(redis => redis.Acquire(resource, record, duration)));
    }

    public async Task<bool> TryReplaceAsync(string resource, Guid deadToken, LeaseRecord record, TimeSpan duration)
    {
        _own.Add(record.Token);
        return Bid(process.Ran, await AskAsync(redis => redis.SetIfOf(resource, deadToken, record, duration)));
    }

    public async Task<RenewOutcome> RenewAsync(string resource, LeaseRecord record, TimeSpan duration)
    {
        var sentAt = process.Ran;
        try
        {
            var renewed = await AskAsync(redis => redis.SetIfOf(resource, record.Token, record, duration));
            if (renewed)
                world.Invariants.Renewed(process, sentAt);
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
                broadcast.Publish(
                    Channels.ClusterLeader,
                    new LeaderMessage("released", resource, record.NodeId, record.Address, record.Epoch)
                );
        }
        catch (Exception error) when (error is RedisException or TimeoutException)
        {
            world.Trace.Note(process.Name, "could not give the lease back");
        }
    }

    private bool Bid(TimeSpan sentAt, bool won)
    {
        if (won)
            world.Invariants.Renewed(process, sentAt);
        if (won)
            world.Trace.Add(process.Name, "won the lease");
        return won;
    }

    private async Task<T> AskAsync<T>(Func<SimulatedRedis, T> work)
    {
        if (world.Timeline.Now - _unansweredSince > ResponseTimeout.Ticks)
        {
            if (!world.Redis.Alive || world.Redis.Paused || link.IsCut)
                throw new TimeoutException("There is no connection to Redis (simulated).");
            _unansweredSince = null;
        }

        _unansweredSince ??= world.Timeline.Now;
        var answer = await Call<T>.AskAsync(
            process,
            clock,
            link,
            call => world.Redis.Arrive(call, () => work(world.Redis)),
            AnswerTimeout,
            () => new TimeoutException("Redis (simulated).")
        );
        _unansweredSince = null;
        return answer;
    }
}
