using System.Collections.Concurrent;
using System.Diagnostics;
using Foresight.AppHost.Native;

namespace Foresight.AppHost.Tests;

/// <summary>All children inherit its environment, so a marker there identifies the processes that it leaves behind.</summary>
internal sealed class AppHostProcess : IDisposable
{
    private readonly ConcurrentQueue<string> _output = new();
    private readonly string[] _arguments;
    private readonly string _mark = $"FORESIGHT_TEST_MARK={Guid.NewGuid():N}";
    private readonly string _temporary = Directory.CreateTempSubdirectory("foresight-apphost-").FullName;
    private TaskCompletionSource _healthy = null!;
    private Process _process = null!;

    public AppHostProcess(params string[] arguments)
    {
        _arguments = arguments;
        // Postgres runs as another user and must be able to enter.
        File.SetUnixFileMode(_temporary, (UnixFileMode)0b111_111_111);
        StartAgain();
    }

    public void StartAgain()
    {
        var start = new ProcessStartInfo("dotnet", [typeof(DataServers).Assembly.Location, .. _arguments])
        {
            // The settings files are there, so `dotnet run --project` uses this folder too.
            WorkingDirectory = Path.Combine(Repository.Root, "Foresight.AppHost"),
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        (start.Environment["FORESIGHT_TEST_MARK"], start.Environment["TMPDIR"]) = (_mark.Split('=')[1], _temporary);
        start.Environment["XDG_STATE_HOME"] = StateHome;
        var healthy = _healthy = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _output.Clear();
        _process = new Process { StartInfo = start, EnableRaisingEvents = true };
        _process.OutputDataReceived += (_, line) => OnLine(line.Data);
        _process.ErrorDataReceived += (_, line) => OnLine(line.Data);
        _process.Exited += (_, _) => healthy.TrySetException(new InvalidOperationException($"The AppHost ended:\n{Output}"));
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public string Output => string.Join('\n', _output);

    public string[] StateFolders =>
        Path.Combine(StateHome, "foresight", "ephemeral") is var parent && Directory.Exists(parent) ? Directory.GetDirectories(parent) : [];

    private string StateHome => Path.Combine(_temporary, "state");

    public async Task HealthyAsync(TimeSpan bound)
    {
        if (await Task.WhenAny(_healthy.Task, Task.Delay(bound)) != _healthy.Task)
            throw new TimeoutException($"not healthy within {bound}:\n{Output}");
        await _healthy.Task;
    }

    public string UrlOf(string resource)
    {
        var line = _output.Last(text => text.StartsWith("Everything is healthy", StringComparison.Ordinal));
        var from = line.IndexOf($"{resource} http", StringComparison.Ordinal) + resource.Length + 1;
        return line[from..].Split(',')[0];
    }

    public async Task<string> DrillAsync(string command)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(DataServers).Assembly.Location, "drill", command, "--process", $"{_process.Id}"])
        {
            RedirectStandardOutput = true,
        };
        using var drill = Process.Start(start)!;
        return await drill.StandardOutput.ReadToEndAsync();
    }

    public void KillNine() => _process.Kill();

    public void Interrupt() => Signals.Send(_process.Id, Signals.Interrupt);

    public Task EndedAsync() => _process.WaitForExitAsync();

    /// <summary>
    /// Found by our marker in the environment or by our working folder, because Postgres overwrites the environment of its children.
    /// </summary>
    public IReadOnlyList<string> Processes()
    {
        var found = new List<string>();
        foreach (var process in Directory.EnumerateDirectories("/proc").Where(d => int.TryParse(Path.GetFileName(d), out _)))
        {
            try
            {
                var works = new FileInfo($"{process}/cwd").LinkTarget?.StartsWith(_temporary, StringComparison.Ordinal) == true;
                if (works || File.ReadAllText($"{process}/environ").Split('\0').Contains(_mark))
                    found.Add($"{Path.GetFileName(process)} {File.ReadAllText($"{process}/cmdline").Replace('\0', ' ')}");
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Expected: the process has ended, or belongs to another user and cannot be inspected.
            }
        }

        return found;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.Dispose();
        // A build that ends removes folders of its own in there at the same time.
        while (Directory.Exists(_temporary))
        {
            try
            {
                Directory.Delete(_temporary, recursive: true);
            }
            catch (DirectoryNotFoundException)
            {
                // Once more, for what is left.
            }
        }
    }

    private void OnLine(string? line)
    {
        if (line is null)
            return;
        _output.Enqueue(line);
        if (line.StartsWith("Everything is healthy", StringComparison.Ordinal))
            _healthy.TrySetResult();
    }
}
