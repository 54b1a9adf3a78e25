using Foresight.AppHost.Native;

namespace Foresight.Testing;

/// <summary>Each process of Postgres has its own process group, so one SIGSTOP would not reach all.</summary>
public sealed class FrozenProcesses : IDisposable
{
    private readonly IReadOnlyList<int> _processes;

    public FrozenProcesses(int processId)
    {
        _processes =
        [
            .. Directory
                .EnumerateDirectories("/proc")
                .Select(Path.GetFileName)
                .Where(name => int.TryParse(name, out _))
                .Select(int.Parse!)
                .Where(process => process == processId || Signals.ParentOf(process) == processId),
        ];
        foreach (var process in _processes)
            Signals.Send(process, Signals.Stop);
    }

    public void Dispose()
    {
        foreach (var process in _processes)
            Signals.Send(process, Signals.Continue);
    }
}
