using Foresight.ServiceDefaults.Redis;
using StackExchange.Redis;

namespace Foresight.ServiceDefaults.Postgres;

/// <summary>
/// The newest timeline that any node has seen, in Redis, for nodes that start while the newest server is unreachable. Only a hint: it can
/// make a node refuse an old primary, never accept one.
/// </summary>
public sealed class TimelineHint(IDatabase redis)
{
    /// <summary>A hash of system identifier to timeline number.</summary>
    private const string Key = "database:timelines";

    private static readonly TimeSpan AnswerBound = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// Passes the stored number to the guard, and the guard's number to other nodes. Does nothing while Redis is unreachable.
    /// </summary>
    public async Task ExchangeAsync(TimelineGuard guard, CancellationToken cancellationToken)
    {
        if (!redis.Multiplexer.IsConnected)
            return;
        try
        {
            var entries = await redis.HashGetAllAsync(Key).AnsweredAsync(AnswerBound, TimeProvider.System, cancellationToken);
            var heard = entries
                .Where(entry =>
                    entry.Name.TryParse(out long _) && entry.Value.TryParse(out long number) && number is > 0 and <= uint.MaxValue
                )
                .ToDictionary(entry => (long)entry.Name, entry => (uint)(long)entry.Value);
            foreach (var (system, number) in heard)
                guard.Hear(new Timeline(system, number));
            if (guard.Newest is { } newest && newest.Number > heard.GetValueOrDefault(newest.System))
                await redis
                    .HashSetAsync(Key, newest.System, newest.Number)
                    .AnsweredAsync(AnswerBound, TimeProvider.System, cancellationToken);
        }
        catch (Exception error) when (error is RedisException or TimeoutException)
        {
            // Repeated within a second; until then the servers' own answers decide.
        }
    }
}
