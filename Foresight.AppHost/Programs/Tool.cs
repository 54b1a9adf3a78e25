namespace Foresight.AppHost.Programs;

/// <summary>A program that the stack or its tests run and that is not .NET.</summary>
public enum Tool
{
    Redis,
    Postgres,
    Anvil,
    Chromium,
    Node,
    Npm,
}

/// <summary>Where tools come from. Debian names and npm versions are here and nowhere else.</summary>
internal sealed record ToolSource
{
    /// <summary>All of them in one folder; the first is what is run.</summary>
    public required IReadOnlyList<string> Files { get; init; }

    /// <summary>Debian package; null when it is not from there.</summary>
    public string? DebianPackage { get; init; }

    /// <summary>Package and version on npm, and the folder of the program in it.</summary>
    public (string Package, string Version, string Folder)? Npm { get; init; }

    /// <summary>Other names of the same program.</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];

    /// <summary>Where packages put what is not on PATH; the newest version's folder first.</summary>
    public IReadOnlyList<string> Folders { get; init; } = [];

    public static ToolSource Of(Tool tool) =>
        tool switch
        {
            Tool.Redis => new() { Files = ["redis-server"], DebianPackage = "redis-server" },
            Tool.Postgres => new()
            {
                Files = ["postgres", "initdb", "psql", "pg_basebackup", "pg_controldata"],
                DebianPackage = "postgresql",
                Folders = VersionedFolders("/usr/lib/postgresql"),
            },
            Tool.Anvil => new()
            {
                Files = ["anvil"],
                // npm runs no install scripts here, so the platform's package is asked for by name and its binary called directly.
                Npm = ($"@foundry-rs/anvil-linux-{Architecture}", "1.7.1", "bin"),
            },
            Tool.Chromium => new()
            {
                Files = ["chromium"],
                Aliases = ["chromium-browser", "google-chrome"],
                DebianPackage = "chromium",
            },
            Tool.Node => new() { Files = ["node"], DebianPackage = "nodejs" },
            Tool.Npm => new() { Files = ["npm"], DebianPackage = "npm" },
            _ => throw new ArgumentOutOfRangeException(nameof(tool)),
        };

    internal static IReadOnlyList<string> VersionedFolders(string parent) =>
        !Directory.Exists(parent)
            ? []
            :
            [
                .. Directory
                    .GetDirectories(parent)
                    .Where(d => int.TryParse(Path.GetFileName(d), out _))
                    .OrderByDescending(d => int.Parse(Path.GetFileName(d)))
                    .Select(d => Path.Combine(d, "bin")),
            ];

    private static string Architecture =>
        System.Runtime.InteropServices.RuntimeInformation.OSArchitecture switch
        {
            System.Runtime.InteropServices.Architecture.Arm64 => "arm64",
            _ => "amd64",
        };
}

/// <param name="Path">The program.</param>
/// <param name="LibraryFolder">Where its shared libraries are when they are not the machine's.</param>
public sealed record FoundProgram(string Path, string? LibraryFolder)
{
    public string Folder => System.IO.Path.GetDirectoryName(Path)!;

    /// <summary>Makes the program and what lies beside it callable by name.</summary>
    public void AddTo(IDictionary<string, string> environment)
    {
        Prepend(environment, "PATH", Folder);
        if (LibraryFolder is not null)
            Prepend(environment, "LD_LIBRARY_PATH", LibraryFolder);
    }

    private static void Prepend(IDictionary<string, string> environment, string name, string folder)
    {
        var rest = environment.TryGetValue(name, out var old) && old.Length > 0 ? ":" + old : string.Empty;
        environment[name] = folder + rest;
    }
}

/// <summary>A program is missing and cannot be installed here; the message says what to do.</summary>
public sealed class ProgramMissingException(string message) : Exception(message);
