using System.Text.Json;
using Foresight.Cluster;
using Foresight.Protocol;
using StackExchange.Redis;

namespace Foresight.Matching.Leadership;

/// <summary>
/// For <c>CLUSTER_ENABLED=false</c>: every bid wins at once, whatever the state of Redis. The record is still written where Api nodes look
/// for the leader's address. Two such nodes by mistake alternate but never both write: Postgres still fences the term.
/// </summary>
public sealed class SoleNodeLeaseStore(IDatabase redis, RedisLeaseStore leases) : ILeaseStore
{
    public Task<LeaseReading> ReadAsync(string resource, TimeSpan duration) => Task.FromResult(new LeaseReading(false, null));

    public Task<bool> TryAcquireAsync(string resource, LeaseRecord record, TimeSpan duration)
    {
        Show(resource, record, duration);
        return Task.FromResult(true);
    }

    public Task<bool> TryReplaceAsync(string resource, Guid deadToken, LeaseRecord record, TimeSpan duration) =>
        TryAcquireAsync(resource, record, duration);

    public Task<RenewOutcome> RenewAsync(string resource, LeaseRecord record, TimeSpan duration)
    {
        Show(resource, record, duration);
        return Task.FromResult(RenewOutcome.Renewed);
    }

    public Task ReleaseAsync(string resource, LeaseRecord record) => leases.ReleaseAsync(resource, record);

    private void Show(string resource, LeaseRecord record, TimeSpan duration)
    {
        try
        {
            redis.StringSet(
                LeaderDirectory.LeaseKey(resource),
                JsonSerializer.Serialize(record, JsonSerializerOptions.Web),
                duration,
                flags: CommandFlags.FireAndForget
            );
        }
        catch (RedisException)
        {
            // Ignored: the next renewal writes the record again.
        }
    }
}
