using System.Diagnostics;
using StackExchange.Redis;

namespace Foresight.Testing;

public sealed class ConditionNotMetException(string message, Exception? innerException) : Exception(message, innerException);

/// <summary>Effects in other processes or servers send no event here, so they are polled up to a deadline.</summary>
public static class Eventually
{
    /// <summary>Far longer than an effect needs, because a test machine may be starved; the bench measures durations.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(25);

    public static Task TrueAsync(string what, TimeSpan within, Func<Task<bool>> holds) =>
        GetAsync<object>(what, within, async () => await holds() ? holds : null);

    public static Task TrueAsync(string what, TimeSpan within, Func<bool> holds) => TrueAsync(what, within, () => Task.FromResult(holds()));

    public static async Task<T> GetAsync<T>(string what, TimeSpan within, Func<Task<T?>> read)
        where T : class
    {
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            Exception? last = null;
            try
            {
                if (await read() is { } value)
                    return value;
            }
            catch (Exception error) when (IsTransient(error))
            {
                last = error;
            }

            if (Stopwatch.GetElapsedTime(started) > within)
                throw new ConditionNotMetException($"Waited {within.TotalSeconds:0} s in vain: {what}.", last);
            await Task.Delay(Pause);
        }
    }

    // The service is restarting or slow, which tests often wait out. A timeout of Redis is a TimeoutException, and that of an HTTP client a
    // cancellation. A failed nested wait has its own exception, so that it fails the test.
    private static bool IsTransient(Exception error) =>
        error
            is HttpRequestException
                or TimeoutException
                or RedisConnectionException
                or TaskCanceledException { InnerException: TimeoutException };
}
