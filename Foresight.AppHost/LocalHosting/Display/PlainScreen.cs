using System.Collections.Concurrent;
using Aspire.Hosting.ApplicationModel;

namespace Foresight.AppHost.LocalHosting;

/// <summary>For a file or a pipe: one line per change of state worth knowing.</summary>
internal sealed class PlainScreen(TextWriter output) : IScreen
{
    private readonly ConcurrentDictionary<string, string> _lastSaid = new();
    private readonly Lock _writing = new();

    public void Say(string sentence) => Write(sentence);

    public void Log(string resourceId, string line) => Write($"[{resourceId}] {line}");

    public void Changed(ResourceInstance instance)
    {
        var state = ResourceTable.StateOf(instance);
        var wasHealthy = _lastSaid.TryGetValue(instance.Id, out var last) && last == "healthy";
        if (instance.State == KnownResourceStates.NotStarted || (instance.State == KnownResourceStates.Waiting && instance.Reason is null))
            return;
        // On its way to healthy a resource is not healthy for a while; that is news only when it has been.
        if (state == last || (instance.State == KnownResourceStates.Running && !instance.IsHealthy && !wasHealthy))
            return;
        _lastSaid[instance.Id] = state;
        var detail = instance.IsHealthy || instance.Reason is not null ? ResourceTable.DetailOf(instance) : string.Empty;
        Write($"{instance.Id}: {state}{(detail.Length == 0 ? string.Empty : $", {detail}")}");
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private void Write(string line)
    {
        lock (_writing)
            output.WriteLine(line);
    }
}
