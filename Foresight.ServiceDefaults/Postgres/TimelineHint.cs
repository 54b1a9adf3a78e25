using Foresight.ServiceDefaults.Redis;
using StackExchange.Redis;

namespace Foresight.ServiceDefaults.Postgres;

/// <summary>
/// The newest timeline that any node has seen, in Redis, for nodes that start when the newest server cannot be asked. Only a hint: it can
/// make a node refuse an old primary, never accept one.
/// </summary>
public sealed class TimelineHint(IDatabase redis)
{
    /// <summary>A hash of system identifier to number.</summary>
    private const string Key = "database:timelines";

    private static readonly TimeSpan AnswerBound = TimeSpan.FromMilliseconds(500);

    /// <summary>Tells the guard what is there, and the others what the guard knows. Redis away: neither.</summary>
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
            // Asked again within a second; without it there is what the servers themselves say.
        }
    }
}
