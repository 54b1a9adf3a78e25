using System.Text.Json;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Foresight.AppHost.Programs;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Foresight.AppHost.Native;

/// <summary>
/// Data folders and secrets must survive a restart, so they are in a folder that one AppHost at a time locks. A killed AppHost leaves its
/// ephemeral folder behind, which the next one removes.
/// </summary>
public sealed class NativeState : IHostedService, IDisposable
{
    public const string EphemeralKey = "Native:Ephemeral";

    // Set by Aspire.Hosting.Testing: a test must not use the state of a developer's stack.
    private const string TestingKey = "DcpPublisher:RandomizePorts";

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    // Postgres runs under its own account when the AppHost is root, so other users may traverse the folder, but not list it.
    private const UnixFileMode PassThrough = OwnerOnly | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    private readonly Lazy<FileStream> _lock;
    private readonly Lock _secrets = new();

    internal NativeState(string path, bool ephemeral)
    {
        Path = path;
        Ephemeral = ephemeral;
        _lock = new Lazy<FileStream>(Open);
    }

    public string Path { get; }

    public bool Ephemeral { get; }

    public static NativeState Of(IDistributedApplicationBuilder builder)
    {
        if (builder.Services.FirstOrDefault(service => service.ServiceType == typeof(NativeState)) is { } present)
            return (NativeState)present.ImplementationInstance!;
        var ephemeral = builder.Configuration.GetValue<bool>(EphemeralKey) || builder.Configuration.GetValue<bool>(TestingKey);
        // Not in the temp folder: what another user put there would be removed with the rights of this one.
        var ephemeralPath = System.IO.Path.Combine(
            DefaultPath(),
            "ephemeral",
            $"{Environment.ProcessId}-{Guid.NewGuid().ToString("N")[..8]}"
        );
        var state = new NativeState(ephemeral ? ephemeralPath : DefaultPath(), ephemeral);
        builder.Services.AddSingleton(state);
        // Registered through a factory, so that the container disposes of it after the orchestrator has stopped the servers.
        builder.Services.AddHostedService(_ => state);
        builder.Eventing.Subscribe<BeforeStartEvent>(
            (_, _) =>
            {
                if (builder.ExecutionContext.IsRunMode)
                    state.EnsureOpen();
                return Task.CompletedTask;
            }
        );
        return state;
    }

    public string DataOf(string resource) => System.IO.Path.Combine(Path, "data", resource);

    public string ProcessIdOf(string resource) => System.IO.Path.Combine(Path, $"{resource}.pid");

    /// <exception cref="DistributedApplicationException">
    /// Another AppHost has locked the folder, because its servers use the data.
    /// </exception>
    public void EnsureOpen() => _ = _lock.Value;

    /// <summary>Kept, readable only by its owner, because a new secret would not open the data that the old one protects.</summary>
    /// <exception cref="DistributedApplicationException">The file of secrets is damaged, and is left as it is.</exception>
    public string KeptSecret(string name, Func<string> generate)
    {
        EnsureOpen();
        lock (_secrets)
        {
            var file = System.IO.Path.Combine(Path, "secrets.json");
            var secrets = File.Exists(file) ? ReadSecrets(file) : [];
            if (secrets.TryGetValue(name, out var kept))
                return kept;
            secrets[name] = generate();
            WriteOwnerOnly(file, JsonSerializer.Serialize(secrets));
            return secrets[name];
        }
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose()
    {
        if (!_lock.IsValueCreated)
            return;
        if (Ephemeral)
            TryRemove(Path);
        _lock.Value.Dispose();
    }

    /// <summary>By a temporary file and a rename, so that a crash leaves either the old file or the new one.</summary>
    internal static void WriteOwnerOnly(string file, string text)
    {
        var draft = file + ".new";
        File.Delete(draft);
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = OwnerOnly,
        };
        using (var writer = new StreamWriter(draft, options))
            writer.Write(text);
        File.Move(draft, file, overwrite: true);
    }

    private static SortedDictionary<string, string> ReadSecrets(string file)
    {
        try
        {
            return JsonSerializer.Deserialize<SortedDictionary<string, string>>(File.ReadAllText(file)) ?? [];
        }
        catch (JsonException)
        {
            // New secrets would not open the data that the old ones protect.
            throw new DistributedApplicationException(
                $"{file} is damaged. Restore it, or remove its folder with all data, or start with --ephemeral."
            );
        }
    }

    /// <summary>
    /// If the user is root and other users cannot enter its home, /var/lib is used, because Postgres refuses to run as root and must reach
    /// its data. Else XDG_STATE_HOME, else ~/.local/state.
    /// </summary>
    private static string DefaultPath()
    {
        if (Environment.GetEnvironmentVariable("XDG_STATE_HOME") is { Length: > 0 } configured)
            return System.IO.Path.Combine(configured, ProgramCache.ApplicationName);
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        return home.Length == 0 || (Environment.IsPrivilegedProcess && !OthersCanEnter(home))
            ? System.IO.Path.Combine("/var/lib", ProgramCache.ApplicationName)
            : System.IO.Path.Combine(home, ".local", "state", ProgramCache.ApplicationName);
    }

    private static bool OthersCanEnter(string folder)
    {
        for (var at = new DirectoryInfo(folder); at is not null; at = at.Parent)
            if (at.Exists && !at.UnixFileMode.HasFlag(UnixFileMode.OtherExecute))
                return false;
        return true;
    }

    private FileStream Open()
    {
        if (Ephemeral)
        {
            RemoveAbandoned();
            // A model that is built but never started has no container that would dispose of it.
            AppDomain.CurrentDomain.ProcessExit += (_, _) => Dispose();
        }

        foreach (var folder in new[] { Path, System.IO.Path.Combine(Path, "data") })
        {
            Directory.CreateDirectory(folder, PassThrough);
            // Explicit, because the umask applies to a new folder and could lock the Postgres account out.
            File.SetUnixFileMode(folder, PassThrough);
        }

        return TryLock(Path)
            ?? throw new DistributedApplicationException(
                $"Another AppHost is running on {Path}. Stop it first, or start this one with --ephemeral."
            );
    }

    private static FileStream? TryLock(string path)
    {
        try
        {
            return new FileStream(System.IO.Path.Combine(path, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            return null;
        }
    }

    private void RemoveAbandoned()
    {
        var parent = System.IO.Path.GetDirectoryName(Path)!;
        CreatePassThrough(parent);
        foreach (var folder in Directory.EnumerateDirectories(parent))
        {
            try
            {
                // Without a lock file the folder is being created, so it is left alone.
                if (!File.Exists(System.IO.Path.Combine(folder, "lock")) || TryLock(folder) is not { } held)
                    continue;
                TryRemove(folder);
                held.Dispose();
            }
            catch (UnauthorizedAccessException)
            {
                // Left by this user's run as another, as by sudo -E.
            }
        }
    }

    private static void CreatePassThrough(string folder)
    {
        if (Directory.Exists(folder))
            return;
        CreatePassThrough(System.IO.Path.GetDirectoryName(folder)!);
        Directory.CreateDirectory(folder);
        File.SetUnixFileMode(folder, PassThrough);
    }

    private static void TryRemove(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A server that is still shutting down writes there, so the next ephemeral AppHost removes the rest.
        }
    }
}
