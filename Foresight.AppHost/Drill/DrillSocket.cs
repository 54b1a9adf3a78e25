using System.Net.Sockets;
using System.Text;
using Foresight.AppHost.Programs;

namespace Foresight.AppHost.Drill;

/// <summary>
/// Unix socket of a running AppHost for the verb <c>drill</c>, in the cache folder and named after its process. Linux limits the length of
/// a socket's path; for a longer folder the entry is a link to a socket in a private temporary folder.
/// </summary>
internal static class DrillSocket
{
    // Length of sun_path in unix(7), without the terminating zero.
    private const int MaximumPathBytes = 107;

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    public static string Folder => Path.Combine(ProgramCache.OfThisUser().Folder, "drill");

    /// <returns>Paths to remove at the end.</returns>
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
                // A stale socket of an AppHost that was killed.
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
