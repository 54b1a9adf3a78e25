namespace Foresight.Matching.Leadership;

/// <summary>
/// Abandons a round trip to Postgres when its time is over. Npgsql by itself does not: on a timeout or a cancellation it first opens
/// another connection to send the cancel request, and waits for that as long as for any connection. With an unreachable server this added
/// three seconds to each round trip of a term, and the order flow waits for all of them before another node may lead.
/// </summary>
internal static class RoundTrip
{
    /// <summary>A commit that takes longer is in doubt; the next term terminates whatever is still running of it.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(4);

    /// <summary>Shorter than the limit of other round trips, because the resource has no leader while a take-over runs.</summary>
    public static readonly TimeSpan TakeOverLimit = TimeSpan.FromSeconds(3);

    /// <summary>
    /// A later answer to a renewal or a look at the row is useless: the trust window has moved on, and a retry has more chance.
    /// </summary>
    public static readonly TimeSpan LookLimit = TimeSpan.FromSeconds(1);

    /// <exception cref="TimeoutException">
    /// No answer within the limit. The statement may still take effect; its result is discarded.
    /// </exception>
    /// <exception cref="OperationCanceledException">Cancelled; the statement may still take effect, as above.</exception>
    public static Task<T> WithinAsync<T>(TimeSpan limit, CancellationToken cancellationToken, Func<Task<T>> trip) =>
        trip().WaitAsync(limit, cancellationToken);
}
