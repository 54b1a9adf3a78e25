namespace Foresight.AppHost.Programs;

public sealed class ProgramFinder(Action<string> say)
{
    // Process-wide, because several finders may run in one process, and only one may install.
    private static readonly SemaphoreSlim Installing = new(1, 1);

    private readonly ProgramCache _cache = ProgramCache.OfThisUser();

    public static ProgramFinder Shared { get; } = new(Console.Error.WriteLine);

    public async Task<FoundProgram> RequireAsync(Tool tool, CancellationToken cancellationToken = default)
    {
        if (Find(tool) is { } found)
            return found;
        var source = ToolSource.Of(tool);
        if (source.Npm is { } npm)
            await RequireNpmAsync([$"{npm.Package}@{npm.Version}"], cancellationToken);
        else
            await InstallDebianAsync(tool, source.DebianPackage!, cancellationToken);
        return Find(tool) ?? throw new ProgramMissingException(Missing(tool));
    }

    public async Task<string> RequireNpmAsync(IReadOnlyList<string> packages, CancellationToken cancellationToken = default)
    {
        if (packages.Any(p => p.LastIndexOf('@') <= 0))
            throw new ArgumentException("Every package needs its version.", nameof(packages));
        await Installing.WaitAsync(cancellationToken);
        try
        {
            return await new NpmInstaller(_cache, say).RequireAsync(packages, cancellationToken);
        }
        finally
        {
            Installing.Release();
        }
    }

    public FoundProgram? Find(Tool tool)
    {
        var source = ToolSource.Of(tool);
        IEnumerable<string> names = [source.Files[0], .. source.Aliases];
        var path = (Environment.GetEnvironmentVariable("PATH") ?? string.Empty).Split(':', StringSplitOptions.RemoveEmptyEntries);
        foreach (var folder in source.Folders.Concat(path))
        {
            foreach (var name in names)
                if (IsComplete(folder, name, source))
                    return new FoundProgram(Path.Combine(folder, name), LibraryFolder: null);
        }
        if (source.Npm is { } npm && _cache.FindNpm([$"{npm.Package}@{npm.Version}"]) is { } installed)
            return new FoundProgram(Path.Combine(installed, "node_modules", npm.Package, npm.Folder, source.Files[0]), LibraryFolder: null);
        return _cache.FindUnpacked(source, names);
    }

    internal static bool IsComplete(string folder, string name, ToolSource source) =>
        File.Exists(Path.Combine(folder, name)) && source.Files.Skip(1).All(f => File.Exists(Path.Combine(folder, f)));

    private async Task InstallDebianAsync(Tool tool, string package, CancellationToken cancellationToken)
    {
        await Installing.WaitAsync(cancellationToken);
        try
        {
            if (Find(tool) is null)
                await new DebianInstaller(_cache, say).InstallAsync([package], cancellationToken);
        }
        finally
        {
            Installing.Release();
        }
    }

    private static string Missing(Tool tool)
    {
        var source = ToolSource.Of(tool);
        var from = source.DebianPackage is { } package ? $"apt-get install {package}" : $"npm install {source.Npm?.Package}";
        return $"{source.Files[0]} is missing and could not be installed: put it on PATH, for instance with `{from}`.";
    }
}
