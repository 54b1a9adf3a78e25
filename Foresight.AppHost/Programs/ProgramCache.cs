using System.Reflection;
using System.Security.Cryptography;
using System.Text;

namespace Foresight.AppHost.Programs;

/// <summary>May be deleted at any time, because it is then filled again. XDG_CACHE_HOME/NAME, else ~/.cache/NAME.</summary>
internal sealed class ProgramCache(string folder)
{
    private static readonly TimeSpan LockPoll = TimeSpan.FromMilliseconds(200);

    public static string ApplicationName { get; } =
        typeof(ProgramCache)
            .Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(metadata => metadata.Key == "NativeApplicationName")
            .Value!;

    public string Folder { get; } = folder;

    public string UnpackedRoot => Path.Combine(Folder, "debian", "root");

    public static ProgramCache OfThisUser()
    {
        var configured = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        var parent = configured is { Length: > 0 } ? configured : Path.Combine(home.Length > 0 ? home : Path.GetTempPath(), ".cache");
        return new ProgramCache(Path.Combine(parent, ApplicationName));
    }

    /// <summary>One folder per set of packages and versions, so that different sets cannot conflict.</summary>
    public string NpmFolder(IReadOnlyList<string> packages)
    {
        var set = string.Join(' ', packages.Order(StringComparer.Ordinal));
        return Path.Combine(Folder, "npm", Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(set)))[..16]);
    }

    public string? FindNpm(IReadOnlyList<string> packages) => NpmFolder(packages) is var at && Directory.Exists(at) ? at : null;

    public FoundProgram? FindUnpacked(ToolSource source, IEnumerable<string> names)
    {
        IEnumerable<string> folders =
        [
            Path.Combine(UnpackedRoot, "usr/bin"),
            Path.Combine(UnpackedRoot, "usr/sbin"),
            .. ToolSource.VersionedFolders(Path.Combine(UnpackedRoot, "usr/lib/postgresql")),
        ];
        foreach (var folder in folders)
        {
            foreach (var name in names)
                if (ProgramFinder.IsComplete(folder, name, source))
                    return new FoundProgram(Path.Combine(folder, name), LibraryFolders());
        }
        return null;
    }

    /// <summary>Serializes installations, because several AppHosts and test runs share the cache.</summary>
    public async Task<IDisposable> LockAsync(string name, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (TryLock(name) is { } held)
                return held;
            // Polled, because there is no event for a file lock.
            await Task.Delay(LockPoll, cancellationToken);
        }
    }

    /// <summary>The kernel releases the lock when its holder dies, so none is left behind. Null if another process holds it.</summary>
    public IDisposable? TryLock(string name)
    {
        Directory.CreateDirectory(Folder);
        try
        {
            return new FileStream(Path.Combine(Folder, $"{name}.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            return null;
        }
    }

    public string LibraryFolders() =>
        string.Join(
            ':',
            new[] { "usr/lib/x86_64-linux-gnu", "usr/lib/aarch64-linux-gnu", "usr/lib", "lib" }
                .Select(l => Path.Combine(UnpackedRoot, l))
                .Where(Directory.Exists)
        );
}
