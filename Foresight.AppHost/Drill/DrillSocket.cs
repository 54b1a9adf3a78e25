using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Foresight.AppHost.Programs;

namespace Foresight.AppHost.Drill;

/// <summary>
/// In the cache folder and named after its process, so that the verb <c>drill</c> finds it. Linux limits the length of a socket's path; for
/// a longer folder the entry is a link to a socket in a private temporary folder.
/// </summary>
internal static class DrillSocket
{
    // Length of sun_path in unix(7), without the terminating zero.
    private const int MaximumPathBytes = 107;

    private const string Unfinished = ".new";

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    public static string Folder => Path.Combine(ProgramCache.OfThisUser().Folder, "drill");

    /// <summary>
    /// A client removes an entry that refuses connections, so the entry appears under its name only when the socket listens.
    /// </summary>
    public static string Listen(Socket listener, string folder)
    {
        Directory.CreateDirectory(folder, OwnerOnly);
        var path = Path.Combine(folder, $"{Environment.ProcessId}.sock");
        var unfinished = path + Unfinished;
        Remove(path);
        Remove(unfinished);
        try
        {
            var target = unfinished;
            if (Encoding.UTF8.GetByteCount(unfinished) > MaximumPathBytes)
            {
                target = Path.Combine(Directory.CreateTempSubdirectory("drill-").FullName, "socket");
                File.CreateSymbolicLink(unfinished, target);
            }

            listener.Bind(new UnixDomainSocketEndPoint(target));
            listener.Listen();
            File.Move(unfinished, path, overwrite: true);
        }
        catch
        {
            Remove(unfinished);
            throw;
        }

        return path;
    }

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
                // An AppHost that was killed leaves its socket, so one that refuses connections is removed.
                socket.Dispose();
                Remove(path);
            }
        }

        RemoveUnfinished(folder);
        return found;
    }

    /// <summary>An AppHost that was killed before its socket listened leaves the entry under its first name.</summary>
    private static void RemoveUnfinished(string folder)
    {
        foreach (var path in Directory.Exists(folder) ? Directory.GetFiles(folder, $"*.sock{Unfinished}") : [])
        {
            var name = Path.GetFileName(path);
            if (
                int.TryParse(name.AsSpan(0, name.IndexOf('.')), NumberStyles.None, CultureInfo.InvariantCulture, out var id) && !IsAlive(id)
            )
                Remove(path);
        }
    }

    private static bool IsAlive(int processId)
    {
        try
        {
            using var process = Process.GetProcessById(processId);
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
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
