using System.Text.Json;
using Foresight.Cluster;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Redis;
using Foresight.ServiceDefaults.Trust;
using StackExchange.Redis;

namespace Foresight.Matching.Leadership;

/// <summary>Records are signed, so that a stranger who writes to Redis cannot send callers elsewhere, and expire with the lease.</summary>
public sealed partial class RedisLeaseBoard(
    IDatabase redis,
    SignedHints hints,
    IBroadcast broadcast,
    TimeProvider clock,
    ILogger<RedisLeaseBoard> logger
) : ILeaseBoard
{
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(1);

    public void Show(string resource, LeaseRecord record)
    {
        var key = LeaderDirectory.LeaseKey(resource);
        try
        {
            // The database's time, by which readers judge the age.
            var value = hints.Sign(key, record with { LastRenewedAt = hints.Now });
            redis.StringSet(key, value, record.Duration, flags: CommandFlags.FireAndForget);
        }
        catch (RedisException error)
        {
            Log.NotShown(logger, resource, error.Message);
        }
    }

    public async Task WithdrawAsync(string resource, LeaseRecord record)
    {
        // The message comes first: followers read Postgres, where the lease is already given back.
        broadcast.Publish(Channels.ClusterLeader, new LeaderMessage("released", resource, record.NodeId, record.Address, record.Epoch));
        try
        {
            await DeleteAsync(LeaderDirectory.LeaseKey(resource), record.Token);
        }
        catch (Exception error) when (error is RedisException or TimeoutException)
        {
            Log.NotWithdrawn(logger, resource, error.Message);
        }
    }

    private async Task DeleteAsync(string key, Guid token)
    {
        var value = await SignedHints.FetchAsync(redis, key, AnswerTimeout, clock);
        if (TokenIn(value) is not { } shown)
        {
            // A key of another type, or no record, was not written by this program. The next holder shows its own at each renewal.
            await redis.KeyDeleteAsync(key).AnsweredAsync(AnswerTimeout, clock);
        }
        else if (shown == token)
        {
            // The comparison and the deletion must be one step, because another holder may write in between. A transaction and no script:
            // a user who may run scripts can stop the server.
            var transaction = redis.CreateTransaction();
            transaction.AddCondition(Condition.StringEqual(key, value));
            _ = transaction.KeyDeleteAsync(key);
            await transaction.ExecuteAsync().AnsweredAsync(AnswerTimeout, clock);
        }
    }

    private static Guid? TokenIn(RedisValue value)
    {
        try
        {
            return value.IsNullOrEmpty ? null : JsonSerializer.Deserialize<LeaseRecord>((string)value!, JsonSerializerOptions.Web)?.Token;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Debug, "Leader of {Resource} could not be shown in Redis: {Reason}")]
        public static partial void NotShown(ILogger logger, string resource, string reason);

        [LoggerMessage(
            LogLevel.Information,
            "Record of the leader of {Resource} could not be removed from Redis and will expire: {Reason}"
        )]
        public static partial void NotWithdrawn(ILogger logger, string resource, string reason);
    }
}
