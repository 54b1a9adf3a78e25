using Npgsql;

namespace Foresight.Matching.Leadership;

/// <summary>
/// Who may try to lead (the lease) and who may write (the term) stand in one row, so that they cannot contradict each other.
/// </summary>
public sealed partial class TermStore(ILeadershipTable table, ILogger<TermStore> logger)
{
    /// <summary>A transaction of the previous term that still holds the row after this has its session terminated again.</summary>
    private static readonly TimeSpan LockTimeout = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// The old holder may open new sessions as fast as they are terminated, so a take-over ends after this many attempts.
    /// </summary>
    private const int MaximumAttempts = 10;

    public Task<TermHolder?> ReadAsync(string resource, CancellationToken cancellationToken) =>
        table.ReadAsync(resource, cancellationToken);

    /// <summary>
    /// A stopped process may keep the row locked in an open transaction, so the sessions of the previous holder are terminated first. From
    /// the commit on, no transaction of an earlier term can commit.
    /// </summary>
    /// <param name="dead">The row as it was judged; null if there was none.</param>
    /// <returns>Null if the row has changed since: the bid is lost.</returns>
    public async Task<TakenTerm?> TakeAsync(NewHolder holder, HolderVersion? dead, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                if (dead is not null && await table.EndSessionsAsync(holder.Resource, dead, cancellationToken) is > 0 and var ended)
                    Log.SessionsEnded(logger, ended, holder.Resource);
                return await table.TakeAsync(holder, dead, LockTimeout, cancellationToken);
            }
            catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.LockNotAvailable && attempt < MaximumAttempts)
            {
                Log.RowHeld(logger, holder.Resource, attempt);
            }
        }
    }

    public async Task<RenewOutcome> RenewAsync(Term term)
    {
        try
        {
            return await table.RenewAsync(term);
        }
        catch (Exception error) when (error is NpgsqlException or TimeoutException)
        {
            Log.NotRenewed(logger, term.Resource, error.Message);
            return RenewOutcome.Unknown;
        }
    }

    public Task<bool> IsDrainedAsync(string nodeId, CancellationToken cancellationToken) => table.IsDrainedAsync(nodeId, cancellationToken);

    /// <summary>If Postgres fails here, the lease expires by itself.</summary>
    public async Task ReleaseAsync(Term term)
    {
        try
        {
            await table.ReleaseAsync(term);
        }
        catch (Exception error) when (error is NpgsqlException or TimeoutException)
        {
            Log.NotReleased(logger, term.Resource, error.Message);
        }
    }

    public Task<bool> SessionLivesAsync(string resource, Guid token, CancellationToken cancellationToken) =>
        table.SessionLivesAsync(resource, token, cancellationToken);

    /// <summary>
    /// History, not state, so it is written without the fence and after the fact. Merged into the existing phases, because two reports may
    /// overtake each other.
    /// </summary>
    public Task RecordPhasesAsync(Term term, IReadOnlyDictionary<string, double> phases, CancellationToken cancellationToken) =>
        table.RecordPhasesAsync(term, phases, cancellationToken);

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "Renewal of the lease of {Resource} was not confirmed by Postgres: {Reason}")]
        public static partial void NotRenewed(ILogger logger, string resource, string reason);

        [LoggerMessage(LogLevel.Information, "Lease of {Resource} could not be released and will expire: {Reason}")]
        public static partial void NotReleased(ILogger logger, string resource, string reason);

        [LoggerMessage(LogLevel.Information, "Terminated {Count} database sessions of the previous term of {Resource}.")]
        public static partial void SessionsEnded(ILogger logger, long count, string resource);

        [LoggerMessage(
            LogLevel.Warning,
            "Leadership row of {Resource} is locked by a transaction of an earlier term (attempt {Attempt}); terminating its session."
        )]
        public static partial void RowHeld(ILogger logger, string resource, int attempt);
    }
}
