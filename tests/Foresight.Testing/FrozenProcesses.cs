using Foresight.AppHost.Native;

namespace Foresight.Testing;

/// <summary>
/// A process and its children, stopped (SIGSTOP) until this is disposed of. Each process of a Postgres is in a group of its own.
/// </summary>
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
