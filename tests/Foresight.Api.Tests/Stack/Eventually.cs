using System.Diagnostics;

namespace Foresight.Api.Tests.Stack;

/// <summary>For what no event tells of: polls until it holds, with a deadline.</summary>
internal static class Eventually
{
    public static async Task TrueAsync(string what, TimeSpan within, Func<Task<bool>> holds)
    {
        var started = Stopwatch.GetTimestamp();
        while (!await holds())
        {
            if (Stopwatch.GetElapsedTime(started) > within) throw new TimeoutException($"Not within {within.TotalSeconds} s: {what}.");
            await Task.Delay(TimeSpan.FromMilliseconds(25));
        }
    }
}
