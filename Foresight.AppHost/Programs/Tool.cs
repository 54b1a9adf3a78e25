namespace Foresight.AppHost.Programs;

public enum Tool
{
    Redis,
    Postgres,
    Anvil,
    Chromium,
    Node,
    Npm,
}

/// <summary>Debian names and npm versions are kept only here, so that one change moves everything that uses a tool.</summary>
internal sealed record ToolSource
{
    public required IReadOnlyList<string> Files { get; init; }

    public string? DebianPackage { get; init; }

    public (string Package, string Version, string Folder)? Npm { get; init; }

    public IReadOnlyList<string> Aliases { get; init; } = [];

    /// <summary>Some packages install their programs outside PATH, so these folders are searched too, newest version first.</summary>
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
                // npm install scripts are disabled, so the platform's package is named directly and its binary is run.
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

/// <param name="LibraryFolder">Null if the system finds the program's shared libraries by itself.</param>
public sealed record FoundProgram(string Path, string? LibraryFolder)
{
    public string Folder => System.IO.Path.GetDirectoryName(Path)!;

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

/// <summary>The message names the action to take, because only the user can install the program.</summary>
public sealed class ProgramMissingException(string message) : Exception(message);
