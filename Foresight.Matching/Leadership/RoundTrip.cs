namespace Foresight.Matching.Leadership;

/// <summary>
/// A round trip to Postgres that is left behind when its time is over. Npgsql by itself does not simply give up: out of
/// time, or asked to cancel, it first opens another connection to say so to the server, and waits for that as long as
/// for any connection. From a server that cannot be reached, that cost each round trip of a term three seconds more,
/// and the order flow waits for all of them before another node may lead.
/// </summary>
internal static class RoundTrip
{
    /// <summary>A commit that takes longer is in doubt; whatever still runs of it is ended by the next term.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(4);

    /// <summary>Of one that holds the lease back from everybody else while it runs.</summary>
    public static readonly TimeSpan TakeOverLimit = TimeSpan.FromSeconds(3);

    /// <exception cref="TimeoutException">No answer; it may still come, and then nobody hears it.</exception>
    /// <exception cref="OperationCanceledException">The same, because nobody wants it any more.</exception>
    public static Task<T> WithinAsync<T>(TimeSpan limit, CancellationToken cancellationToken, Func<Task<T>> trip) =>
        trip().WaitAsync(limit, cancellationToken);
}
