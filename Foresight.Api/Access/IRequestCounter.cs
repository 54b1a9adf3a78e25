using Foresight.ServiceDefaults.Redis;
using Foresight.ServiceDefaults.Telemetry;
using StackExchange.Redis;

namespace Foresight.Api.Access;

/// <summary>Counts the requests of a caller over all nodes.</summary>
public interface IRequestCounter
{
    /// <summary>Live Api nodes, as last known; at least 1.</summary>
    int Nodes { get; }

    /// <returns>The caller's count in that minute, with what was added; null if it is not known now.</returns>
    Task<long?> AddAsync(string caller, long minute, int requests);
}

/// <summary>What stands in Redis is a hint: who can write there can loosen or tighten limits, and no more.</summary>
public sealed partial class RedisRequestCounter(IDatabase redis, Func<int> countNodes, TimeProvider clock, ILogger logger) : IRequestCounter
{
    /// <summary>A request waits for it, at most about twenty times a minute and caller.</summary>
    private static readonly TimeSpan Timeout = TimeSpan.FromMilliseconds(50);

    /// <summary>So that a Redis that hangs costs one caller 50 ms, and not each.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    /// <summary>Nodes' clocks may differ, so a key outlives its minute.</summary>
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(2);

    private readonly ReportPause _refused = new(clock);
    private readonly ReportPause _failed = new(clock);
    private long _pausedUntil = clock.GetTimestamp();

    public int Nodes => Math.Max(1, countNodes());

    public async Task<long?> AddAsync(string caller, long minute, int requests)
    {
        if (clock.GetTimestamp() < Volatile.Read(ref _pausedUntil))
            return null;
        try
        {
            RedisKey key = $"requests:{minute}:{caller}";
            // Sent first, so that no key is without an end if this node dies between the two.
            _ = redis.StringSetAsync(key, 0, Lifetime, When.NotExists, CommandFlags.FireAndForget);
            return await redis.StringIncrementAsync(key, requests).AnsweredAsync(Timeout, clock);
        }
        catch (RedisServerException error)
        {
            // Not an outage: the key's value is no number (written by hand?), or the user may not use it.
            if (_refused.IsDue(out var others))
                Log.Refused(logger, error.Message, others);
            return null;
        }
        catch (Exception error) when (error is RedisException or TimeoutException)
        {
            Volatile.Write(ref _pausedUntil, clock.GetTimestamp() + (long)(Pause.TotalSeconds * clock.TimestampFrequency));
            if (_failed.IsDue(out var others))
                Log.NotAnswered(logger, error.Message, Pause.TotalSeconds, others);
            return null;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(
            LogLevel.Warning,
            "Redis refused to count a caller's requests, so this node limits that caller by its own share: {Reason}. {Others} more were "
                + "refused since the last report (at most one report a minute)."
        )]
        public static partial void Refused(ILogger logger, string reason, int others);

        [LoggerMessage(
            LogLevel.Warning,
            "Redis did not count a caller's requests, so this node limits all callers by its own share for {Seconds} s: {Reason}. That "
                + "happened {Others} more times since the last report (at most one report a minute)."
        )]
        public static partial void NotAnswered(ILogger logger, string reason, double seconds, int others);
    }
}
