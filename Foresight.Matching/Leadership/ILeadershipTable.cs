namespace Foresight.Matching.Leadership;

/// <summary>The leadership rows, one statement or transaction per method. In Postgres, and in the simulator.</summary>
public interface ILeadershipTable
{
    /// <summary>Ends the database sessions of the term that the row names, open transactions included.</summary>
    /// <returns>How many there were.</returns>
    Task<long> EndSessionsOfHolderAsync(string resource, CancellationToken cancellationToken);

    /// <summary>Takes the next epoch, in one transaction that holds the row and needs nothing more of its client.</summary>
    /// <param name="lockTimeout">How long a transaction of the term before is waited for.</param>
    /// <exception cref="Npgsql.PostgresException">SQLSTATE lock_not_available: it still holds the row.</exception>
    Task<(Term Term, string? PreviousNodeId)> TakeAsync(NewHolder holder, TimeSpan lockTimeout, CancellationToken cancellationToken);

    /// <summary>Whether a session of the term with this token is still connected; true as well if that is not the row's term.</summary>
    Task<bool> SessionLivesAsync(string resource, Guid token, CancellationToken cancellationToken);

    /// <summary>Adds phases to the history of a term, without the fence.</summary>
    Task RecordPhasesAsync(Term term, IReadOnlyDictionary<string, double> phases, CancellationToken cancellationToken);
}

/// <summary>Who wants to be written into the row.</summary>
/// <param name="Token">Fresh and random.</param>
/// <param name="SessionName">application_name of the new holder's sessions.</param>
public sealed record NewHolder(string Resource, Guid Token, string NodeId, string Address, string SessionName);
