namespace Foresight.EndToEnd.Tests.Stack;

/// <summary>A Postgres server that is stopped (SIGSTOP), every process of it, until this is disposed of.</summary>
public sealed class FrozenServer : IDisposable
{
    private readonly IReadOnlyList<int> processes;

    public FrozenServer(StackFixture stack, string resource)
    {
        Assert.True(stack.App.ResourceNotifications.TryGetCurrentState(resource, out var state));
        var server = (int)state!.Snapshot.Properties.Single(property => property.Name == "pid").Value!;
        // Each process of a Postgres is in a group of its own.
        processes =
        [
            .. Directory.EnumerateDirectories("/proc").Select(Path.GetFileName).Where(name => int.TryParse(name, out _)).Select(int.Parse!)
                .Where(process => process == server || ParentOf(process) == server),
        ];
        foreach (var process in processes) Signals.Stop(process);
    }

    public void Dispose()
    {
        foreach (var process in processes) Signals.Continue(process);
    }

    private static int? ParentOf(int process)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{process}/stat");
            return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1]);
        }
        catch (IOException)
        {
            // Ended meanwhile.
            return null;
        }
    }
}
