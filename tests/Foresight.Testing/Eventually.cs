using System.Diagnostics;

namespace Foresight.Testing;

/// <summary>A condition did not hold within its time.</summary>
public sealed class ConditionNotMetException(string message, Exception? innerException) : Exception(message, innerException);

/// <summary>Waits for what sends no event here, because other processes or servers do it: asks again and again, up to a deadline.</summary>
public static class Eventually
{
    /// <summary>
    /// For what must happen at all. Far longer than it takes, because a test machine may be starved; how fast it happens is measured by the
    /// bench, not asserted here.
    /// </summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(25);

    /// <param name="what">What is waited for; the message of the failure ends with it.</param>
    public static Task TrueAsync(string what, TimeSpan within, Func<Task<bool>> holds) =>
        GetAsync<object>(what, within, async () => await holds() ? holds : null);

    public static Task TrueAsync(string what, TimeSpan within, Func<bool> holds) => TrueAsync(what, within, () => Task.FromResult(holds()));

    /// <summary>The first value that is not null.</summary>
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

    // The service is restarting or slow to answer, which is often what the test waits out. Redis' timeout
    // is a TimeoutException, and an HTTP client reports its own as a cancellation. A nested wait that
    // failed is neither: it has its own exception, so that it fails the test.
    private static bool IsTransient(Exception error) =>
        error is HttpRequestException or TimeoutException or TaskCanceledException { InnerException: TimeoutException };
}
