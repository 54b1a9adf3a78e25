using System.Net.Sockets;
using System.Text;
using Foresight.AppHost.Programs;

namespace Foresight.AppHost.Drill;

/// <summary>
/// Where a running AppHost listens for the verb: a socket in the cache folder, named after its process. Linux allows a socket a short path
/// only; in a longer folder there is a link to a socket in a temp folder that only this user enters.
/// </summary>
internal static class DrillSocket
{
    // sun_path without the zero at its end.
    private const int MaximumPathBytes = 107;

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    public static string Folder => Path.Combine(ProgramCache.OfThisUser().Folder, "drill");

    /// <returns>What to remove at the end.</returns>
    public static string Bind(Socket listener, string folder)
    {
        Directory.CreateDirectory(folder, OwnerOnly);
        var path = Path.Combine(folder, $"{Environment.ProcessId}.sock");
        Remove(path);
        var target = path;
        if (Encoding.UTF8.GetByteCount(path) > MaximumPathBytes)
        {
            target = Path.Combine(Directory.CreateTempSubdirectory("drill-").FullName, "socket");
            File.CreateSymbolicLink(path, target);
        }

        try
        {
            listener.Bind(new UnixDomainSocketEndPoint(target));
        }
        catch
        {
            Remove(path);
            throw;
        }

        return path;
    }

    /// <summary>Connections to the AppHosts that run.</summary>
    /// <param name="processId">* for all of them.</param>
    public static List<(string ProcessId, Socket Socket)> Connect(string folder, string processId)
    {
        var found = new List<(string, Socket)>();
        foreach (var path in Directory.Exists(folder) ? Directory.GetFiles(folder, $"{processId}.sock") : [])
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                socket.Connect(new UnixDomainSocketEndPoint(new FileInfo(path).LinkTarget ?? path));
                found.Add((Path.GetFileNameWithoutExtension(path), socket));
            }
            catch (SocketException)
            {
                // Left behind by an AppHost that was killed.
                socket.Dispose();
                Remove(path);
            }
        }

        return found;
    }

    public static void Remove(string path)
    {
        if (new FileInfo(path).LinkTarget is { } target && Path.GetDirectoryName(target) is { } temporary && Directory.Exists(temporary))
        {
            File.Delete(target);
            Directory.Delete(temporary);
        }

        File.Delete(path);
    }
}
