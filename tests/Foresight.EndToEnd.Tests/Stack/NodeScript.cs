using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;

namespace Foresight.EndToEnd.Tests.Stack;

public sealed class NodeScript : IAsyncDisposable
{
    private readonly Process _process;
    private readonly ConcurrentQueue<string> _errors = [];
    private readonly Lock _gate = new();
    private readonly List<JsonElement> _lines = [];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private NodeScript(Process process) => _process = process;

    public static NodeScript Start(string file, IReadOnlyDictionary<string, string> environment)
    {
        var start = new ProcessStartInfo("node", [file])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetDirectoryName(file),
        };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        var script = new NodeScript(new Process { StartInfo = start });
        script._process.OutputDataReceived += (_, line) => script.OnLine(line.Data);
        script._process.ErrorDataReceived += (_, line) => script._errors.Enqueue(line.Data ?? "");
        script._process.Start();
        script._process.BeginOutputReadLine();
        script._process.BeginErrorReadLine();
        return script;
    }

    public static string InScripts(string name) => Path.Combine(AppContext.BaseDirectory, "Scripts", name);

    public IReadOnlyList<JsonElement> Lines
    {
        get
        {
            lock (_gate)
                return [.. _lines];
        }
    }

    public Task WriteLineAsync(string line) => _process.StandardInput.WriteLineAsync(line);

    public async Task<JsonElement> WaitForAsync(string what, TimeSpan deadline, Func<JsonElement, bool> fits, int from = 0)
    {
        using var timeout = new CancellationTokenSource(deadline);
        var next = from;
        while (true)
        {
            Task waiting;
            lock (_gate)
            {
                for (; next < _lines.Count; next++)
                {
                    if (fits(_lines[next]))
                        return _lines[next];
                }

                waiting = _changed.Task;
            }

            try
            {
                await waiting.WaitAsync(timeout.Token);
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException(
                    $"waited {deadline.TotalSeconds:0.#} s for {what}; "
                        + $"the script said {string.Join('\n', Lines.TakeLast(5))} {string.Join('\n', _errors)}"
                );
            }
        }
    }

    public static bool IsKind(JsonElement line, string kind) => line.TryGetProperty("kind", out var member) && member.GetString() == kind;

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    public static async Task<(int ExitCode, string Output)> RunAsync(
        string file,
        IReadOnlyDictionary<string, string> environment,
        TimeSpan deadline
    )
    {
        var start = new ProcessStartInfo("node", [file])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetDirectoryName(file),
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
        lock (_gate)
        {
            _lines.Add(document.RootElement.Clone());
            before = _changed;
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        before.SetResult();
    }
}
