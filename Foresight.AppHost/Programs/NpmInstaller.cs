namespace Foresight.AppHost.Programs;

internal sealed class NpmInstaller(ProgramCache cache, Action<string> say)
{
    public async Task<string> RequireAsync(IReadOnlyList<string> packages, CancellationToken cancellationToken)
    {
        if (cache.FindNpm(packages) is { } present)
            return present;
        using var held = await cache.LockAsync("npm", cancellationToken);
        if (cache.FindNpm(packages) is { } meanwhile)
            return meanwhile;

        say($"Installing {string.Join(' ', packages)} from npm into {cache.Folder}");
        var folder = cache.NpmFolder(packages);
        // Installed into a temporary folder and renamed, so that an existing folder is always complete.
        var draft = folder + ".new";
        if (Directory.Exists(draft))
            Directory.Delete(draft, recursive: true);
        Directory.CreateDirectory(draft);
        await File.WriteAllTextAsync(Path.Combine(draft, "package.json"), """{ "private": true }""", cancellationToken);
        string[] arguments =
        [
            "install",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--no-save",
            "--loglevel=error",
            "--prefix",
            draft,
            .. packages,
        ];
        var (exitCode, lastWords) = await Command.RunAsync("npm", arguments, draft, cancellationToken);
        if (exitCode != 0)
            throw new ProgramMissingException($"npm install {string.Join(' ', packages)} failed:\n{lastWords}");
        Directory.Move(draft, folder);
        return folder;
    }
}
