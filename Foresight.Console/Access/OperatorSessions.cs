using System.Collections.Concurrent;

namespace Foresight.Console.Access;

/// <summary>
/// The admin key exists only in the encrypted cookie ticket and here; pages read it before each request to the Api, so ending a session
/// takes effect on all its pages at once.
/// </summary>
/// <remarks>
/// In memory: after a restart sessions are restored from their tickets, so a copy of a signed-out ticket would be accepted again until it
/// expires. Bounded by <see cref="MaxSessions"/>; beyond it sign-in is refused.
/// </remarks>
public sealed class OperatorSessions(TimeProvider clock)
{
    public const int MaxSessions = 1_000;

    private readonly ConcurrentDictionary<string, Session> _sessions = new();

    private sealed record Session(string? Key, DateTimeOffset ExpiresAt);

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

    /// <summary>Remembered until its ticket expires, so that the ticket of an ended session is not accepted again.</summary>
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
