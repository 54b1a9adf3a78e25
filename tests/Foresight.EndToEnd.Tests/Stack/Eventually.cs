using System.Diagnostics;

namespace Foresight.EndToEnd.Tests.Stack;

/// <summary>Waits for something that other processes do and that sends no event here: asks again and again, up to a deadline.</summary>
public static class Eventually
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <param name="what">Completes "waited … for".</param>
    public static Task TrueAsync(string what, TimeSpan deadline, Func<Task<bool>> condition) =>
        GetAsync<object>(what, deadline, async () => await condition() ? condition : null);

    /// <summary>The first value that is not null.</summary>
    public static async Task<T> GetAsync<T>(string what, TimeSpan deadline, Func<Task<T?>> read) where T : class
    {
        var started = Stopwatch.GetTimestamp();
        Exception? last = null;
        while (Stopwatch.GetElapsedTime(started) < deadline)
        {
            try
            {
                if (await read() is { } value)
                    return value;
                last = null;
            }
            catch (HttpRequestException e)
            {
                // The service is restarting; that is often what the test waits out.
                last = e;
            }

            await Task.Delay(Pause);
        }

        throw new TimeoutException($"waited {deadline.TotalSeconds:0} s for {what}", last);
    }
}
