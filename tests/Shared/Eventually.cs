using System.Diagnostics;

namespace Foresight.Tests;

/// <summary>Waits for what sends no event here, because other processes or servers do it: asks again and again, up to a deadline.</summary>
internal static class Eventually
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
    public static async Task<T> GetAsync<T>(string what, TimeSpan within, Func<Task<T?>> read) where T : class
    {
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            Exception? last = null;
            try
            {
                if (await read() is { } value) return value;
            }
            catch (HttpRequestException error)
            {
                // The service is restarting; that is often what the test waits out.
                last = error;
            }

            if (Stopwatch.GetElapsedTime(started) > within)
                throw new TimeoutException($"Waited {within.TotalSeconds:0} s in vain: {what}.", last);
            await Task.Delay(Pause);
        }
    }
}
