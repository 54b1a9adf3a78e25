using StackExchange.Redis;

namespace Foresight.ServiceDefaults.Redis;

public static class RedisAnswers
{
    /// <summary>True if the key has another type than the command needs: this program did not write it.</summary>
    public static bool IsWrongType(this RedisServerException error) => error.Message.StartsWith("WRONGTYPE", StringComparison.Ordinal);

    /// <summary>Maps the connection's faults, which the client reports as many types, to two.</summary>
    /// <exception cref="RedisException">Redis rejected the command, or cannot be reached.</exception>
    /// <exception cref="TimeoutException">No answer came within the limit.</exception>
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
            // When the client closes a silent connection, the waiting commands end with a cancellation or with any error of its reader.
            throw new RedisConnectionException(
                ConnectionFailureType.SocketFailure,
                "The connection was closed while the command waited.",
                error
            );
        }
    }
}
