namespace Foresight.Matching.Leadership;

public interface ILeadershipTable
{
    /// <summary>
    /// Terminates the database sessions of the term that the row names: an open transaction of theirs would keep the row locked.
    /// </summary>
    Task<long> EndSessionsOfHolderAsync(string resource, CancellationToken cancellationToken);

    /// <summary>
    /// Takes the next epoch in one transaction that locks the row and needs no further message from its client, so that a client that hangs
    /// cannot keep the lock.
    /// </summary>
    /// <param name="lockTimeout">Limit on the wait for a transaction of the previous term.</param>
    /// <exception cref="Npgsql.PostgresException">SQLSTATE lock_not_available: such a transaction still holds the row.</exception>
    Task<(Term Term, string? PreviousNodeId)> TakeAsync(NewHolder holder, TimeSpan lockTimeout, CancellationToken cancellationToken);

    /// <summary>
    /// Returns true if a session of the term with this token is still connected, and also if the row names another term: only a certain
    /// absence is a sign of a crash.
    /// </summary>
    Task<bool> SessionLivesAsync(string resource, Guid token, CancellationToken cancellationToken);

    /// <summary>Adds phases to the history of a term. Not fenced: the history decides nothing.</summary>
    Task RecordPhasesAsync(Term term, IReadOnlyDictionary<string, double> phases, CancellationToken cancellationToken);
}

/// <param name="Token">Random and used once: see <see cref="Term"/>.</param>
/// <param name="SessionName">application_name of the candidate's sessions, by which its successor finds them.</param>
public sealed record NewHolder(string Resource, Guid Token, string NodeId, string Address, string SessionName);
