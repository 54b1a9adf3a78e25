using System.Collections.Concurrent;

namespace Foresight.Console.Access;

/// <summary>
/// The admin keys of the operators who are signed in, by session. The key itself travels only inside the encrypted cookie ticket; open
/// pages ask here for it before each request to the Api, so ending a session takes effect on all of its pages at once.
/// </summary>
/// <remarks>
/// In memory: after a restart the sessions come back from their tickets, and a signed-out ticket that somebody kept would be accepted
/// again until it expires. Bounded by <see cref="MaxSessions"/>; past it the sign-in is refused.
/// </remarks>
public sealed class OperatorSessions(TimeProvider clock)
{
    public const int MaxSessions = 1_000;

    private readonly ConcurrentDictionary<string, Session> _sessions = new();

    private sealed record Session(string? Key, DateTimeOffset ExpiresAt);

    /// <summary>False: the session has been ended, or there are too many.</summary>
    public bool Remember(string id, string key, DateTimeOffset expiresAt)
    {
        if (_sessions.Count >= MaxSessions && !_sessions.ContainsKey(id))
            ForgetExpired();
        if (_sessions.Count >= MaxSessions && !_sessions.ContainsKey(id))
            return false;

        var kept = _sessions.AddOrUpdate(
            id,
            _ => new Session(key, expiresAt),
            (_, known) => known.Key is null ? known : new Session(key, expiresAt)
        );
        return kept.Key is not null;
    }

    public string? KeyOf(string id) =>
        _sessions.TryGetValue(id, out var session) && session.ExpiresAt > clock.GetUtcNow() ? session.Key : null;

    /// <summary>
    /// Ends the session. It is kept as ended until its ticket would have expired, so that the ticket is not accepted again.
    /// </summary>
    public void End(string id) =>
        _sessions.AddOrUpdate(
            id,
            _ => new Session(null, clock.GetUtcNow() + AccessOptions.SessionLength),
            (_, known) => known with { Key = null }
        );

    private void ForgetExpired()
    {
        var now = clock.GetUtcNow();
        foreach (var (id, session) in _sessions)
        {
            if (session.ExpiresAt <= now)
                _sessions.TryRemove(id, out _);
        }
    }
}
