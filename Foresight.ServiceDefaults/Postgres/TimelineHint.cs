using Foresight.Protocol;
using Foresight.ServiceDefaults.Redis;
using Foresight.ServiceDefaults.Trust;
using StackExchange.Redis;

namespace Foresight.ServiceDefaults.Postgres;

/// <summary>
/// For nodes that start while the newest server is unreachable. Only a hint: it can make a node refuse an old primary, never accept one,
/// and not for longer than the servers themselves leave it open.
/// </summary>
public sealed class TimelineHint(IDatabase redis, SignedHints hints)
{
    private static readonly TimeSpan AnswerBound = TimeSpan.FromMilliseconds(500);

    public static string KeyOf(long system) => $"database:timeline:{system}";

    public async Task ExchangeAsync(TimelineGuard guard, IEnumerable<long> systems, CancellationToken cancellationToken)
    {
        if (!redis.Multiplexer.IsConnected)
            return;
        try
        {
            foreach (var system in systems.Distinct())
                await ExchangeAsync(guard, system, cancellationToken);
        }
        catch (Exception error) when (error is RedisException or TimeoutException)
        {
            // Not fatal, because it is repeated within a second; until then the servers' own answers decide.
        }
    }

    private async Task ExchangeAsync(TimelineGuard guard, long system, CancellationToken cancellationToken)
    {
        var key = KeyOf(system);
        var value = await SignedHints.FetchAsync(redis, key, AnswerBound, TimeProvider.System, cancellationToken);
        var mark = hints.Read<TimelineMark>(HintKinds.Timeline, key, value, lifetime: null);
        if (mark is not null && (mark.Number is < 1 or > uint.MaxValue || !guard.Hear(new Timeline(system, (uint)mark.Number))))
        {
            hints.Refuse(HintKinds.Timeline, key, HintRefusal.Implausible);
            mark = null;
        }

        var seen = guard.Seen.FirstOrDefault(one => one.System == system).Number;
        // It has no lifetime, so a rotation of the keys must carry it over.
        if (seen > (mark?.Number ?? 0) || (seen > 0 && seen == mark?.Number && !hints.IsOfCurrentKey(value)))
            await redis
                .StringSetAsync(key, hints.Sign(key, new TimelineMark(seen)))
                .AnsweredAsync(AnswerBound, TimeProvider.System, cancellationToken);
    }
}
