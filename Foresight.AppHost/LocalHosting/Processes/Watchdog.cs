using System.Diagnostics;

namespace Foresight.AppHost.LocalHosting;

/// <summary>
/// A shell that outlives us by a moment: it reads the process groups we start from a pipe, and when the pipe closes, which the kernel
/// does for us even on kill -9, kills those still there and removes the throw-away folder. It covers what the parent-death signal
/// cannot: grandchildren, and a death between fork and exec.
/// </summary>
internal sealed class Watchdog : IAsyncDisposable
{
    // A group is killed twice, half a second apart: a member that was just forking at the first time is caught at the second.
    private const string Script = """
        groups=
        while read -r verb id; do
          case $verb in
            +) groups="$groups $id" ;;
            -) kept=; for g in $groups; do [ "$g" = "$id" ] || kept="$kept $g"; done; groups=$kept ;;
          esac
        done
        for g in $groups; do kill -KILL "-$g" 2>/dev/null; done
        if [ -n "$groups" ]; then sleep 0.5; for g in $groups; do kill -KILL "-$g" 2>/dev/null; done; fi
        if [ -n "$1" ]; then rm -rf -- "$1" || { sleep 1; rm -rf -- "$1"; }; fi
        """;

    private readonly Process _process;
    private readonly Lock _writing = new();

    private Watchdog(Process process) => _process = process;

    /// <param name="folderToRemove">Removed when we are gone, in order or not; null keeps everything.</param>
    public static async Task<Watchdog> StartAsync(string? folderToRemove)
    {
        var start = new ProcessStartInfo("setsid") { RedirectStandardInput = true, UseShellExecute = false, WorkingDirectory = "/" };
        foreach (var argument in new[] { "/bin/sh", "-c", Script, "foresight-watchdog", folderToRemove ?? string.Empty })
            start.ArgumentList.Add(argument);
        return new Watchdog(await Launcher.StartAsync(start));
    }

    public void Watch(int groupId) => Write($"+ {groupId}");

    public void Forget(int groupId) => Write($"- {groupId}");

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private void Write(string line)
    {
        lock (_writing)
        {
            _process.StandardInput.Write(line + "\n");
            _process.StandardInput.Flush();
        }
    }
}
