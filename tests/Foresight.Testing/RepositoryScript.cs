using Foresight.AppHost.Programs;

namespace Foresight.Testing;

public static class RepositoryScript
{
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(3);

    public static Task<(int ExitCode, string Output)> RunAsync(string script, params string[] arguments) =>
        RunInAsync(Repository.Root, script, arguments);

    /// <summary>For a script that takes longer than others may.</summary>
    public static Task<(int ExitCode, string Output)> RunLongAsync(TimeSpan bound, string script, params string[] arguments) =>
        RunInAsync(Repository.Root, script, arguments, bound);

    /// <param name="folder">The script finds its packages there; <paramref name="script"/> is relative to it.</param>
    public static async Task<(int ExitCode, string Output)> RunInAsync(
        string folder,
        string script,
        IReadOnlyList<string> arguments,
        TimeSpan? bound = null
    )
    {
        using var deadline = new CancellationTokenSource(bound ?? Bound);
        var node = await ProgramFinder.Shared.RequireAsync(Tool.Node, deadline.Token);
        return await Command.RunAsync(node.Path, [script, .. arguments], folder, deadline.Token);
    }
}
