using System.Collections.Concurrent;
using System.Diagnostics;
using Aspire.Hosting;

namespace Foresight.AppHost.LocalHosting;

/// <summary>
/// Starts processes from one thread that lives as long as we do. Linux delivers a parent-death signal when the THREAD that forked
/// ends, so a thread of the pool, which may retire at any time, must never be the one that starts a process.
/// </summary>
internal static class Launcher
{
    private static readonly BlockingCollection<Action> Requests = [];

    private static readonly Lazy<Thread> LaunchingThread = new(() =>
    {
        var thread = new Thread(Run) { IsBackground = true, Name = "process launcher" };
        thread.Start();
        return thread;
    });

    /// <summary>
    /// In a session of its own (so that Ctrl+C reaches only us, and a whole group can be signalled), killed by the kernel when we die,
    /// and as another user where the specification says so. setsid and setpriv exec, so the process id stays the one returned.
    /// </summary>
    public static Task<Process> StartAsync(ProcessSpec spec)
    {
        if (!CanBeFound(spec))
            throw new DistributedApplicationException($"{spec.FileName} is not there.");
        var start = new ProcessStartInfo("setsid")
        {
            WorkingDirectory = spec.WorkingDirectory,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        List<string> arguments = ["setpriv", "--pdeathsig", "KILL"];
        if (spec.RunAs is { } account)
            arguments.AddRange([$"--reuid={account.UserId}", $"--regid={account.GroupId}", "--clear-groups"]);
        arguments.AddRange(["--", spec.FileName, .. spec.Arguments]);
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        start.Environment.Clear();
        foreach (var (name, value) in spec.Environment)
            start.Environment[name] = value;
        return StartAsync(start);
    }

    public static Task<Process> StartAsync(ProcessStartInfo start)
    {
        _ = LaunchingThread.Value;
        var started = new TaskCompletionSource<Process>(TaskCreationOptions.RunContinuationsAsynchronously);
        Requests.Add(() =>
        {
            try
            {
                started.SetResult(Process.Start(start) ?? throw new InvalidOperationException($"{start.FileName} did not start."));
            }
            catch (Exception e)
            {
                started.SetException(e);
            }
        });
        return started.Task;
    }

    /// <summary>setpriv could say so too, but only by an exit code that might as well be the program's.</summary>
    private static bool CanBeFound(ProcessSpec spec)
    {
        if (spec.FileName.Contains('/'))
            return File.Exists(Path.Combine(spec.WorkingDirectory, spec.FileName));
        var path = spec.Environment.GetValueOrDefault("PATH") ?? string.Empty;
        return path.Split(':', StringSplitOptions.RemoveEmptyEntries).Any(folder => File.Exists(Path.Combine(folder, spec.FileName)));
    }

    private static void Run()
    {
        foreach (var request in Requests.GetConsumingEnumerable())
            request();
    }
}
