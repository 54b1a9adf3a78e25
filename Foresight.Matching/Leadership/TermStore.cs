using Npgsql;

namespace Foresight.Matching.Leadership;

public sealed partial class TermStore(ILeadershipTable table, ILogger<TermStore> logger)
{
    /// <summary>
    /// Limit on one wait for the row: a transaction of the previous term that still holds it has its session terminated again.
    /// </summary>
    private static readonly TimeSpan LockTimeout = TimeSpan.FromMilliseconds(500);

    /// <summary>Most attempts of a take-over that keeps meeting new sessions of the old holder.</summary>
    private const int MaximumAttempts = 10;

    /// <summary>
    /// Starts a new term: terminates the sessions of the previous holder (a stopped process may keep the row locked in an open
    /// transaction), then takes the next epoch with a new token. From its commit on, no transaction of an earlier term can commit.
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

    public Task<bool> SessionLivesAsync(string resource, Guid token, CancellationToken cancellationToken) =>
        table.SessionLivesAsync(resource, token, cancellationToken);

    /// <summary>
    /// Records the duration of each phase. History, not state, so it is written without the fence and after the fact. Merged into the
    /// existing phases, because two reports may overtake each other.
    /// </summary>
    public Task RecordPhasesAsync(Term term, IReadOnlyDictionary<string, double> phases, CancellationToken cancellationToken) =>
        table.RecordPhasesAsync(term, phases, cancellationToken);

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "Terminated {Count} database sessions of the previous term of {Resource}.")]
        public static partial void SessionsEnded(ILogger logger, long count, string resource);

        [LoggerMessage(
            LogLevel.Warning,
            "Leadership row of {Resource} is locked by a transaction of an earlier term (attempt {Attempt}); terminating its session."
        )]
        public static partial void RowHeld(ILogger logger, string resource, int attempt);
    }
}
