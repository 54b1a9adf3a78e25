namespace Foresight.AppHost.LocalHosting;

/// <summary>
/// `dotnet run` is our parent and shares the terminal with us, but does not tell us when it is killed. Without it nobody would see the
/// stack any more, so its end is ours. Any other parent, such as a shell that has put us into the background, may go.
/// </summary>
internal static class ParentWatch
{
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);

    public static async Task EndOfDotnetRunAsync(CancellationToken cancellationToken)
    {
        var parent = ParentId();
        if (!IsDotnetRun(parent))
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
            return;
        }
        // A process that is not our child has no event for its end; being given to another parent is the sign of it.
        using var timer = new PeriodicTimer(Poll);
        while (ParentId() == parent)
            await timer.WaitForNextTickAsync(cancellationToken);
    }

    private static int ParentId()
    {
        // The fourth field; the second is a name in parentheses that may hold spaces.
        var stat = File.ReadAllText("/proc/self/stat");
        return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1]);
    }

    private static bool IsDotnetRun(int processId)
    {
        var file = $"/proc/{processId}/cmdline";
        if (!File.Exists(file))
            return false;
        var words = File.ReadAllText(file).Split('\0');
        return Path.GetFileName(words[0]) == "dotnet" && words.Contains("run");
    }
}
