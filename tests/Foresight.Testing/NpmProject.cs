using Foresight.AppHost.Programs;

namespace Foresight.Testing;

/// <summary>A folder with a package.json.</summary>
public static class NpmProject
{
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(5);

    /// <summary>The package of the repository, with what its lock file names.</summary>
    public static async Task<string> InstalledAsync(string ofRepository)
    {
        var folder = Path.Combine(Repository.Root, ofRepository);
        await RunAsync(folder, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error");
        return folder;
    }

    /// <returns>What it printed.</returns>
    public static async Task<string> RunAsync(string folder, params string[] arguments)
    {
        using var deadline = new CancellationTokenSource(Bound);
        var (exitCode, output) = await Command.RunAsync("npm", arguments, folder, deadline.Token);
        return exitCode == 0 ? output : throw new InvalidOperationException($"npm {string.Join(' ', arguments)} failed:\n{output}");
    }
}
