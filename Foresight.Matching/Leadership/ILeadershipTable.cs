namespace Foresight.Matching.Leadership;

/// <summary>
/// A lease belongs to the token in its row, not to the node's name, because two processes may have the same name by mistake. Implemented by
/// Postgres and by the simulator.
/// </summary>
/// <remarks>Each method throws <see cref="Npgsql.NpgsqlException"/> or <see cref="TimeoutException"/> if there is no answer.</remarks>
public interface ILeadershipTable
{
    /// <summary>Null if the resource never had a leader.</summary>
    Task<TermHolder?> ReadAsync(string resource, CancellationToken cancellationToken);

    /// <summary>
    /// An open transaction of the holder that was judged dead would keep the row locked. Ends no session if the row has changed since,
    /// because the judgement is then outdated.
    /// </summary>
    Task<long> EndSessionsAsync(string resource, HolderVersion dead, CancellationToken cancellationToken);

    /// <summary>
    /// Locks the row in one transaction that needs no further message from its client, so that a client that hangs cannot keep the lock.
    /// </summary>
    /// <param name="dead">The row as it was judged; null if there was none.</param>
    /// <param name="lockTimeout">Limit on the wait for a transaction of the previous term.</param>
    /// <returns>Null if the row has changed since: the bid is lost.</returns>
    /// <exception cref="Npgsql.PostgresException">SQLSTATE lock_not_available: such a transaction still holds the row.</exception>
    Task<TakenTerm?> TakeAsync(NewHolder holder, HolderVersion? dead, TimeSpan lockTimeout, CancellationToken cancellationToken);

    /// <summary>By the database's clock, so that a follower which has just started knows how old the renewal is.</summary>
    /// <returns>NotOurs if the row names another token, or the lease was given back; never Unknown.</returns>
    Task<RenewOutcome> RenewAsync(Term term);

    /// <summary>Whether an operator wants the node to lead nothing.</summary>
    Task<bool> IsDrainedAsync(string nodeId, CancellationToken cancellationToken);

    /// <summary>Lets others bid at once instead of waiting for the end of the lease. No effect if the row names another term.</summary>
    Task ReleaseAsync(Term term);

    /// <summary>True also if the row names another term: only a certain absence of the token's sessions is a sign of a crash.</summary>
    Task<bool> SessionLivesAsync(string resource, Guid token, CancellationToken cancellationToken);

    /// <summary>Not fenced: the history decides nothing.</summary>
    Task RecordPhasesAsync(Term term, IReadOnlyDictionary<string, double> phases, CancellationToken cancellationToken);
}

/// <param name="Token">Random and used once: see <see cref="Term"/>.</param>
/// <param name="SessionName">application_name of the candidate's sessions, by which its successor finds them.</param>
/// <param name="Reason">One of <see cref="Protocol.TakeOverReasons"/>, for the history alone.</param>
public sealed record NewHolder(
    string Resource,
    Guid Token,
    string NodeId,
    string Address,
    string SessionName,
    TimeSpan Duration,
    string? Reason = null
);

public sealed record TakenTerm(Term Term, string? PreviousNodeId);
