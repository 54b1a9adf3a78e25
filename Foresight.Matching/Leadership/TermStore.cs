using Npgsql;

namespace Foresight.Matching.Leadership;

/// <summary>Terms: who may write.</summary>
public sealed partial class TermStore(ILeadershipTable table, ILogger<TermStore> logger)
{
    /// <summary>A transaction of the term before that still holds the row after this long is ended again.</summary>
    private static readonly TimeSpan LockTimeout = TimeSpan.FromMilliseconds(500);

    /// <summary>Bound on a take-over that keeps meeting new sessions of the old holder.</summary>
    private const int MaximumAttempts = 10;

    /// <summary>
    /// Starts a new term: ends the sessions of the holder before (a stopped process may have a transaction open that holds the row), then
    /// takes the next epoch with a fresh token. From its commit on, nothing of an earlier term can be written.
    /// </summary>
    public async Task<(Term Term, string? PreviousNodeId)> TakeAsync(NewHolder holder, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                if (await table.EndSessionsOfHolderAsync(holder.Resource, cancellationToken) is > 0 and var ended)
                    Log.SessionsEnded(logger, ended, holder.Resource);
                return await table.TakeAsync(holder, LockTimeout, cancellationToken);
            }
            catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.LockNotAvailable && attempt < MaximumAttempts)
            {
                Log.RowHeld(logger, holder.Resource, attempt);
            }
        }
    }

    /// <summary>Whether a session of the term with this token is still connected.</summary>
    public Task<bool> SessionLivesAsync(string resource, Guid token, CancellationToken cancellationToken) =>
        table.SessionLivesAsync(resource, token, cancellationToken);

    /// <summary>
    /// Writes how long each phase took. It is history, not state: written without the fence, after the fact, and added to what is there,
    /// because two reports may overtake each other.
    /// </summary>
    public Task RecordPhasesAsync(Term term, IReadOnlyDictionary<string, double> phases, CancellationToken cancellationToken) =>
        table.RecordPhasesAsync(term, phases, cancellationToken);

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "Ended {Count} database sessions of the term of {Resource} before.")]
        public static partial void SessionsEnded(ILogger logger, long count, string resource);

        [LoggerMessage(
            LogLevel.Warning,
            "A transaction of an earlier term still holds the leadership row of {Resource} (attempt {Attempt}); its session is ended."
        )]
        public static partial void RowHeld(ILogger logger, string resource, int attempt);
    }
}
