using Foresight.AppHost.Programs;

namespace Foresight.Testing;

public static class RepositoryScript
{
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(3);

    public static async Task<(int ExitCode, string Output)> RunAsync(string script, params string[] arguments)
    {
        using var deadline = new CancellationTokenSource(Bound);
        var node = await ProgramFinder.Shared.RequireAsync(Tool.Node, deadline.Token);
        return await Command.RunAsync(node.Path, [script, .. arguments], Repository.Root, deadline.Token);
    }
}
