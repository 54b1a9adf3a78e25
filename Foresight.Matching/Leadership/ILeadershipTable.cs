namespace Foresight.Matching.Leadership;

/// <summary>The leadership rows, one statement or transaction per method. Implemented by Postgres and by the simulator.</summary>
public interface ILeadershipTable
{
    /// <summary>Terminates the database sessions of the term that the row names, including their open transactions.</summary>
    /// <returns>The number of sessions.</returns>
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

/// <summary>A candidate for the row.</summary>
/// <param name="Token">Random and used once.</param>
/// <param name="SessionName">application_name of the candidate's sessions, by which its successor finds them.</param>
public sealed record NewHolder(string Resource, Guid Token, string NodeId, string Address, string SessionName);
