using System.Diagnostics;
using Aspire.Hosting;

namespace Foresight.AppHost.Native;

/// <summary>Postgres refuses to run as root, so an AppHost that is root runs it under another account.</summary>
internal sealed record ServerAccount(string Name, uint UserId, uint GroupId)
{
    public static ServerAccount? ForPostgres() =>
        !Environment.IsPrivilegedProcess
            ? null
            : Find("postgres")
                ?? Find("nobody")
                ?? throw new DistributedApplicationException(
                    "Postgres refuses to run as root, and there is no user 'postgres'. Run as another user."
                );

    public IReadOnlyList<string> Prefix => ["setpriv", $"--reuid={UserId}", $"--regid={GroupId}", "--clear-groups", "--"];

    public void Own(string path)
    {
        using var chown = Process.Start("chown", ["-R", $"{UserId}:{GroupId}", path]);
        chown.WaitForExit();
        if (chown.ExitCode != 0)
            throw new DistributedApplicationException($"{path} could not be given to the user {Name}.");
    }

    private static ServerAccount? Find(string name)
    {
        foreach (var line in File.ReadLines("/etc/passwd"))
            if (line.Split(':') is [var account, _, var userId, var groupId, ..] && account == name)
                return new ServerAccount(name, uint.Parse(userId), uint.Parse(groupId));
        return null;
    }
}
