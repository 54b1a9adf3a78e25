using StackExchange.Redis;

namespace Foresight.ServiceDefaults.Redis;

public static class RedisAnswers
{
    /// <summary>
    /// Waits for the answer to a command, and no longer than this. Faults have two types only, whatever happens to the connection.
    /// </summary>
    /// <exception cref="RedisException">Redis refused the command, or cannot be reached.</exception>
    /// <exception cref="TimeoutException">There is no answer.</exception>
    public static async Task<T> AnsweredAsync<T>(
        this Task<T> command,
        TimeSpan within,
        TimeProvider clock,
        CancellationToken cancellationToken = default
    )
    {
        try
        {
            return await command.WaitAsync(within, clock, cancellationToken);
        }
        catch (Exception error) when (error is not (RedisException or TimeoutException) && !cancellationToken.IsCancellationRequested)
        {
            // When the client gives a connection up because the server is silent, it ends the commands that wait there with a cancellation,
            // or with whatever its reader met.
            throw new RedisConnectionException(
                ConnectionFailureType.SocketFailure,
                "The connection was closed while the command waited.",
                error
            );
        }
    }
}
