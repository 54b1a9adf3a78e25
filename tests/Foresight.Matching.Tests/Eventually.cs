using System.Diagnostics;

namespace Foresight.Matching.Tests;

/// <summary>For what no event tells of: polls until it holds, with a deadline.</summary>
internal static class Eventually
{
    /// <summary>
    /// For what must happen at all. Far longer than it takes, because a test machine may be starved; how fast it happens is measured by the
    /// bench, not asserted here.
    /// </summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static async Task<T> GetAsync<T>(Func<Task<T?>> read, TimeSpan within, string what) where T : class
    {
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            if (await read() is { } value) return value;
            if (Stopwatch.GetElapsedTime(started) > within) throw new TimeoutException($"Not within {within.TotalSeconds} s: {what}.");
            await Task.Delay(TimeSpan.FromMilliseconds(20));
        }
    }

    public static Task TrueAsync(Func<Task<bool>> holds, TimeSpan within, string what) =>
        GetAsync(async () => await holds() ? "" : null, within, what);
}
