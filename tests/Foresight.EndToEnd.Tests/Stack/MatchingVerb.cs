using System.Diagnostics;
using System.Text.Json;

namespace Foresight.EndToEnd.Tests.Stack;

public sealed record ReplayResult(long Sequence, string StateHash);

public static class MatchingVerb
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    public static async Task<ReplayResult> ReplayAsync(string database, long sequence)
    {
        var output = await RunAsync(database, "replay", "--at", sequence.ToString());
        return JsonSerializer.Deserialize<ReplayResult>(output.Split('\n').Last(text => text.StartsWith('{')), JsonSerializerOptions.Web)!;
    }

    public static Task CheckAsync(string database) => RunAsync(database, "check");

    private static async Task<string> RunAsync(string database, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Repository.OutputOf("Foresight.Matching"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["DATABASE_URL"] = database;
        using var process = Process.Start(start)!;
        using var deadline = new CancellationTokenSource(Deadline);
        var answer = process.StandardOutput.ReadToEndAsync(deadline.Token);
        var error = process.StandardError.ReadToEndAsync(deadline.Token);
        await process.WaitForExitAsync(deadline.Token);
        Assert.True(process.ExitCode == 0, $"{arguments[0]} ended with {process.ExitCode}: {await answer} {await error}");
        return await answer;
    }
}
