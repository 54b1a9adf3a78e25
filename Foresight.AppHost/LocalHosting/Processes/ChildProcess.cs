using System.Diagnostics;

namespace Foresight.AppHost.LocalHosting;

/// <summary>One running program with its output; always dies with us.</summary>
internal sealed class ChildProcess
{
    // A grandchild may keep the pipe open after the program has ended; its words are not waited for any longer than this.
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(1);

    private readonly Process _process;
    private readonly ProcessSpec _spec;

    private ChildProcess(Process process, ProcessSpec spec, Watchdog? watchdog, Action<string> output)
    {
        _process = process;
        _spec = spec;
        Id = process.Id;
        process.StandardInput.Close();
        var outputs = Task.WhenAll(PumpAsync(process.StandardOutput, output), PumpAsync(process.StandardError, output));
        Exited = WaitAsync(outputs, watchdog);
    }

    /// <summary>Also the id of its process group and session.</summary>
    public int Id { get; }

    /// <summary>The exit code, 128 + n for an end by signal n.</summary>
    public Task<int> Exited { get; }

    public static async Task<ChildProcess> StartAsync(ProcessSpec spec, Watchdog? watchdog, Action<string> output)
    {
        var process = await Launcher.StartAsync(spec);
        watchdog?.Watch(process.Id);
        return new ChildProcess(process, spec, watchdog, output);
    }

    /// <summary>Runs a program to its end.</summary>
    public static async Task<int> RunAsync(ProcessSpec spec, Watchdog? watchdog, Action<string> output, CancellationToken cancellationToken)
    {
        var child = await StartAsync(spec, watchdog, output);
        await using var kill = cancellationToken.Register(child.Kill);
        var exitCode = await child.Exited;
        cancellationToken.ThrowIfCancellationRequested();
        return exitCode;
    }

    /// <summary>Asks it to end, and kills it when it has not within the bound.</summary>
    /// <returns>Whether it ended by itself.</returns>
    public async Task<bool> StopAsync(TimeSpan bound)
    {
        Native.SignalGroup(Id, _spec.StopSignal);
        var inTime = await Task.WhenAny(Exited, Task.Delay(bound)) == Exited;
        // Whatever the program left behind in its group goes with it.
        Kill();
        await Exited;
        return inTime;
    }

    public void Kill() => Native.SignalGroup(Id, Native.SignalKill);

    private async Task<int> WaitAsync(Task outputs, Watchdog? watchdog)
    {
        await _process.WaitForExitAsync();
        await Task.WhenAny(outputs, Task.Delay(LastWords));
        watchdog?.Forget(Id);
        return _process.ExitCode;
    }

    private static async Task PumpAsync(StreamReader reader, Action<string> output)
    {
        while (await reader.ReadLineAsync() is { } line)
            output(line);
    }
}
