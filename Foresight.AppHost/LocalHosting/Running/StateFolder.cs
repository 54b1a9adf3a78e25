using Aspire.Hosting;
using System.Text.Json;

namespace Foresight.AppHost.LocalHosting;

/// <summary>
/// Where the stack keeps what must survive a restart: data folders, logs and generated secrets. One AppHost at a time holds it.
/// </summary>
internal sealed class StateFolder : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    // Others may pass through but not list: Postgres runs as a user of its own when we are root.
    private const UnixFileMode PassThrough =
        OwnerOnly | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    private readonly FileStream _lock;
    private readonly Lock _secrets = new();

    private StateFolder(string path, bool ephemeral, FileStream @lock)
    {
        Path = path;
        Ephemeral = ephemeral;
        _lock = @lock;
    }

    public string Path { get; }

    /// <summary>In the temp folder, removed when the AppHost ends.</summary>
    public bool Ephemeral { get; }

    public static StateFolder Open(bool ephemeral) => Open(
        ephemeral
            ? System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"foresight-{System.IO.Path.GetRandomFileName()}")
            : DefaultPath(),
        ephemeral);

    public static StateFolder Open(string path, bool ephemeral)
    {
        Directory.CreateDirectory(path, PassThrough);
        File.SetUnixFileMode(path, PassThrough);
        foreach (var part in new[] { "data", "logs" })
            Directory.CreateDirectory(System.IO.Path.Combine(path, part), PassThrough);
        return new StateFolder(path, ephemeral, Lock(path));
    }

    public string DataOf(string resourceId) => System.IO.Path.Combine(Path, "data", resourceId);

    public string LogOf(string resourceId) => System.IO.Path.Combine(Path, "logs", $"{resourceId}.log");

    /// <summary>The value kept under this name; made and kept, readable by us alone, when there is none yet.</summary>
    public string KeptSecret(string name, Func<string> generate)
    {
        lock (_secrets)
            return KeptSecretLocked(name, generate);
    }

    public void Dispose() => _lock.Dispose();

    private string KeptSecretLocked(string name, Func<string> generate)
    {
        var file = System.IO.Path.Combine(Path, "secrets.json");
        var secrets = File.Exists(file) ? JsonSerializer.Deserialize<SortedDictionary<string, string>>(File.ReadAllText(file)) ?? [] : [];
        if (secrets.TryGetValue(name, out var kept))
            return kept;
        secrets[name] = generate();
        // Written beside and renamed over, so that a crash leaves the old file or the new one.
        var draft = file + ".new";
        File.Delete(draft);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = OwnerOnly };
        using (var stream = new FileStream(draft, options))
            JsonSerializer.Serialize(stream, secrets);
        File.Move(draft, file, overwrite: true);
        return secrets[name];
    }

    /// <summary>
    /// XDG_STATE_HOME, else ~/.local/state; for root whose home other users cannot enter (Postgres must not run as root, and has to
    /// reach its data), /var/lib.
    /// </summary>
    private static string DefaultPath()
    {
        if (Environment.GetEnvironmentVariable("XDG_STATE_HOME") is { Length: > 0 } configured)
            return System.IO.Path.Combine(configured, "foresight");
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        if (home.Length == 0 || (Native.IsRoot && !OthersCanEnter(home)))
            return "/var/lib/foresight";
        return System.IO.Path.Combine(home, ".local", "state", "foresight");
    }

    private static bool OthersCanEnter(string folder)
    {
        for (var at = new DirectoryInfo(folder); at is not null; at = at.Parent)
            if (at.Exists && !at.UnixFileMode.HasFlag(UnixFileMode.OtherExecute))
                return false;
        return true;
    }

    private static FileStream Lock(string path)
    {
        var file = System.IO.Path.Combine(path, "lock");
        try
        {
            return new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e)
        {
            throw new DistributedApplicationException(
                $"Another AppHost is running on {path}. Stop it first, or start this one with --ephemeral.", e);
        }
    }
}
