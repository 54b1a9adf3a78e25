using Foresight.AppHost.Programs;

namespace Foresight.Testing;

public static class Publication
{
    /// <summary>In the configuration of the tests, because the project is built in it already.</summary>
    public static async Task MakeAsync(string project, string folder)
    {
        string[] arguments =
        [
            "publish",
            Path.Combine(Repository.Root, project),
            "--no-build",
            "--configuration",
            new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name,
            "--output",
            folder,
            "--verbosity",
            "quiet",
        ];
        var (status, lastWords) = await Command.RunAsync("dotnet", arguments, Repository.Root, CancellationToken.None);
        if (status != 0)
            throw new InvalidOperationException($"{project} cannot be published: {lastWords}");
    }
}
