using StackExchange.Redis;

namespace Foresight.ServiceDefaults.Redis;

public static class RedisAnswers
{
    /// <summary>Waits for the answer to a command, and no longer than this. Faults have two types only, whatever happens to the connection.</summary>
    /// <exception cref="RedisException">Redis refused the command, or cannot be reached.</exception>
    /// <exception cref="TimeoutException">There is no answer.</exception>
    public static async Task<T> AnsweredAsync<T>(this Task<T> command, TimeSpan within, TimeProvider clock, CancellationToken cancellationToken = default)
    {
        try
        {
            return await command.WaitAsync(within, clock, cancellationToken);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // So the client ends commands that wait on a connection when it gives that up because the server is silent.
            throw new RedisConnectionException(ConnectionFailureType.SocketFailure, "The connection was given up while the command waited.");
        }
    }
}
