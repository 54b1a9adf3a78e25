using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;

namespace Foresight.EndToEnd.Tests.Stack;

/// <summary>A Node.js program of Scripts/ (or of the README) that prints one JSON object per line.</summary>
public sealed class NodeScript : IAsyncDisposable
{
    private readonly Process process;
    private readonly ConcurrentQueue<string> errors = [];
    private readonly Lock gate = new();
    private readonly List<JsonElement> lines = [];
    private TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private NodeScript(Process process) => this.process = process;

    /// <param name="file">Absolute path of the script.</param>
    public static NodeScript Start(string file, IReadOnlyDictionary<string, string> environment)
    {
        var start = new ProcessStartInfo("node", [file])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
            WorkingDirectory = Path.GetDirectoryName(file),
        };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        var script = new NodeScript(new Process { StartInfo = start });
        script.process.OutputDataReceived += (_, line) => script.OnLine(line.Data);
        script.process.ErrorDataReceived += (_, line) => script.errors.Enqueue(line.Data ?? "");
        script.process.Start();
        script.process.BeginOutputReadLine();
        script.process.BeginErrorReadLine();
        return script;
    }

    public static string InScripts(string name) => Path.Combine(AppContext.BaseDirectory, "Scripts", name);

    /// <summary>Everything printed so far.</summary>
    public IReadOnlyList<JsonElement> Lines
    {
        get
        {
            lock (gate)
                return [.. lines];
        }
    }

    public Task WriteLineAsync(string line) => process.StandardInput.WriteLineAsync(line);

    /// <summary>The first line that fits, printed already or later, from line number <paramref name="from"/> on.</summary>
    public async Task<JsonElement> WaitForAsync(string what, TimeSpan deadline, Func<JsonElement, bool> fits, int from = 0)
    {
        using var timeout = new CancellationTokenSource(deadline);
        for (var next = from; ;)
        {
            Task waiting;
            lock (gate)
            {
                for (; next < lines.Count; next++)
                {
                    if (fits(lines[next]))
                        return lines[next];
                }

                waiting = changed.Task;
            }

            try
            {
                await waiting.WaitAsync(timeout.Token);
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException(
                    $"waited {deadline.TotalSeconds:0.#} s for {what}; the script said {string.Join('\n', Lines.TakeLast(5))} {string.Join('\n', errors)}");
            }
        }
    }

    public static bool IsKind(JsonElement line, string kind) => line.TryGetProperty("kind", out var member) && member.GetString() == kind;

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
            process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync();
        process.Dispose();
    }

    /// <summary>Runs a script to its end; its exit code and everything it printed.</summary>
    public static async Task<(int ExitCode, string Output)> RunAsync(
        string file, IReadOnlyDictionary<string, string> environment, TimeSpan deadline)
    {
        var start = new ProcessStartInfo("node", [file])
        {
            RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Path.GetDirectoryName(file),
        };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        using var process = Process.Start(start)!;
        using var timeout = new CancellationTokenSource(deadline);
        var output = process.StandardOutput.ReadToEndAsync(timeout.Token);
        var error = process.StandardError.ReadToEndAsync(timeout.Token);
        await process.WaitForExitAsync(timeout.Token);
        return (process.ExitCode, await output + await error);
    }

    private void OnLine(string? line)
    {
        if (string.IsNullOrWhiteSpace(line))
            return;
        using var document = JsonDocument.Parse(line);
        TaskCompletionSource before;
        lock (gate)
        {
            lines.Add(document.RootElement.Clone());
            before = changed;
            changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        before.SetResult();
    }
}
