using Aspire.Hosting;

namespace Foresight.AppHost.LocalHosting;

/// <summary>Postgres refuses to run as root.</summary>
internal static class PostgresAccount
{
    private const string Name = "postgres";

    /// <summary>Null: as ourselves.</summary>
    public static UserAccount? ToRunAs()
    {
        if (!Native.IsRoot)
            return null;
        return UserAccount.Find(Name)
            ?? UserAccount.Find("nobody")
            ?? throw new DistributedApplicationException(
                $"Postgres refuses to run as root, and there is no user '{Name}'. Run as another user.");
    }

    /// <summary>
    /// After a power cut or kill -9 the file may name a process id that something else has by now, and Postgres would refuse to start.
    /// We hold the folder's lock, so a server that still runs here would be ours: only a process in this very folder counts.
    /// </summary>
    public static void RemoveStalePidFile(string dataFolder)
    {
        var file = Path.Combine(dataFolder, "postmaster.pid");
        if (!File.Exists(file))
            return;
        var processId = File.ReadLines(file).FirstOrDefault();
        var workingFolder = new DirectoryInfo($"/proc/{processId}/cwd");
        if (!workingFolder.Exists || workingFolder.ResolveLinkTarget(returnFinalTarget: false)?.FullName != dataFolder)
            File.Delete(file);
    }
}
