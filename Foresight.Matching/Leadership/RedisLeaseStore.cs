using System.Text.Json;
using Foresight.Cluster;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Redis;
using StackExchange.Redis;

namespace Foresight.Matching.Leadership;

/// <summary>The lease keys in Redis. Scripts, because each operation compares and changes a key in one atomic step.</summary>
public sealed partial class RedisLeaseStore(IDatabase redis, IBroadcast broadcast, TimeProvider clock, ILogger<RedisLeaseStore> logger)
    : ILeaseStore
{
    // A key of another type was not written by this program. It counts as no lease and is deleted; otherwise every script would fail at it
    // for ever.
    private const string Lease = """
        local function lease()
            local kind = redis.call('TYPE', KEYS[1]).ok
            if kind ~= 'string' and kind ~= 'none' then redis.call('DEL', KEYS[1]) end
            return redis.call('GET', KEYS[1])
        end
        local function token(value)
            local ok, record = pcall(cjson.decode, value)
            return ok and type(record) == 'table' and record.token or nil
        end
        local value = lease()
        """;

    // Renews a lease, or takes that of a crashed holder: no other node may hold it. A missing key (Redis restarted empty, or the key was
    // deleted by hand) is written: a holder that renews still trusts its lease and no other node has bid. If one bids at this very moment,
    // the fence decides.
    private const string SetUnlessHeldByAnotherScript =
        Lease
        + """

            if value and token(value) ~= ARGV[1] then return 0 end
            redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
            return 1
            """;

    private const string ReleaseScript =
        Lease
        + """

            if value and token(value) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
            return 0
            """;

    // A key without expiry, or with a later one than a lease can have, was not written by this program. Without this correction such a
    // value would keep every node from leading until it expired.
    private const string ReadScript =
        Lease
        + """

            local left = redis.call('PTTL', KEYS[1])
            if value and (left == -1 or left > tonumber(ARGV[1])) then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
            return value
            """;

    /// <summary>A later answer is useless: the trust window has moved on, and a retry has more chance.</summary>
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(1);

    public async Task<LeaseReading> ReadAsync(string resource, TimeSpan duration)
    {
        var value = (RedisValue)await EvaluateAsync(ReadScript, resource, [Milliseconds(duration)]);
        return new LeaseReading(!value.IsNull, LeaderDirectory.Parse(value));
    }

    public async Task<bool> TryAcquireAsync(string resource, LeaseRecord record, TimeSpan duration)
    {
        var set = redis.StringSetAsync(Key(resource), Serialize(record), duration, When.NotExists);
        return await set.AnsweredAsync(AnswerTimeout, clock);
    }

    public async Task<bool> TryReplaceAsync(string resource, Guid deadToken, LeaseRecord record, TimeSpan duration) =>
        await SetUnlessHeldByAnotherAsync(resource, deadToken, record, duration);

    public async Task<RenewOutcome> RenewAsync(string resource, LeaseRecord record, TimeSpan duration)
    {
        try
        {
            var renewed = await SetUnlessHeldByAnotherAsync(resource, record.Token, record, duration);
            return renewed ? RenewOutcome.Renewed : RenewOutcome.NotOurs;
        }
        catch (Exception error) when (error is RedisException or TimeoutException)
        {
            Log.NotRenewed(logger, resource, error.Message);
            return RenewOutcome.Unknown;
        }
    }

    public async Task ReleaseAsync(string resource, LeaseRecord record)
    {
        try
        {
            if ((long)await EvaluateAsync(ReleaseScript, resource, [record.Token.ToString()]) == 1)
                broadcast.Publish(
                    Channels.ClusterLeader,
                    new LeaderMessage("released", resource, record.NodeId, record.Address, record.Epoch)
                );
        }
        catch (Exception error) when (error is RedisException or TimeoutException)
        {
            Log.NotReleased(logger, resource, error.Message);
        }
    }

    private async Task<bool> SetUnlessHeldByAnotherAsync(string resource, Guid token, LeaseRecord record, TimeSpan duration) =>
        (long)await EvaluateAsync(SetUnlessHeldByAnotherScript, resource, [token.ToString(), Serialize(record), Milliseconds(duration)])
        == 1;

    private Task<RedisResult> EvaluateAsync(string script, string resource, RedisValue[] values) =>
        redis.ScriptEvaluateAsync(script, [Key(resource)], values).AnsweredAsync(AnswerTimeout, clock);

    private RedisKey Key(string resource) => LeaderDirectory.LeaseKey(resource);

    private static string Serialize(LeaseRecord record) => JsonSerializer.Serialize(record, JsonSerializerOptions.Web);

    private static long Milliseconds(TimeSpan duration) => (long)duration.TotalMilliseconds;

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "Renewal of the lease of {Resource} was not confirmed by Redis: {Reason}")]
        public static partial void NotRenewed(ILogger logger, string resource, string reason);

        [LoggerMessage(LogLevel.Information, "Lease of {Resource} could not be released and will expire: {Reason}")]
        public static partial void NotReleased(ILogger logger, string resource, string reason);
    }
}
