using System.Diagnostics;
using System.Text.Json;
using Foresight.AppHost.LocalHosting;

namespace Foresight.EndToEnd.Tests.Stack;

public sealed record ReplayResult(long Sequence, string StateHash);

/// <summary>The verb <c>replay</c>: rebuilds the engine from the journal, up to a sequence, in a process of its own.</summary>
public static class Replay
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    public static async Task<ReplayResult> RunAsync(string database, long sequence)
    {
        var program = ((IBuiltProject)new Projects.Foresight_Matching()).TargetPath;
        var start = new ProcessStartInfo("dotnet", [program, "replay", "--at", sequence.ToString()]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["DATABASE_URL"] = database;
        using var process = Process.Start(start)!;
        using var deadline = new CancellationTokenSource(Deadline);
        var output = process.StandardOutput.ReadToEndAsync(deadline.Token);
        var error = process.StandardError.ReadToEndAsync(deadline.Token);
        await process.WaitForExitAsync(deadline.Token);
        Assert.True(process.ExitCode == 0, $"replay ended with {process.ExitCode}: {await error}");
        var line = (await output).Split('\n', StringSplitOptions.RemoveEmptyEntries).Last(text => text.StartsWith('{'));
        return JsonSerializer.Deserialize<ReplayResult>(line, JsonSerializerOptions.Web)!;
    }
}
