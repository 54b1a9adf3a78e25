using System.Globalization;

namespace Foresight.AppHost.Drill;

internal static class SocketOwner
{
    private const string SocketPrefix = "socket:[";

    public static IReadOnlySet<int> PortsOf(int processId)
    {
        var ports = new HashSet<int>();
        try
        {
            var inodes = Directory
                .EnumerateFileSystemEntries($"/proc/{processId}/fd")
                .Select(fd => new FileInfo(fd).LinkTarget)
                .Where(target => target?.StartsWith(SocketPrefix, StringComparison.Ordinal) == true)
                .Select(target => target![SocketPrefix.Length..^1])
                .ToHashSet();
            foreach (var table in new[] { "tcp", "tcp6" })
            {
                foreach (var line in File.ReadLines($"/proc/{processId}/net/{table}").Skip(1))
                    if (PortOf(line, inodes) is { } port)
                        ports.Add(port);
            }
        }
        catch (IOException)
        {
            // Expected: the process has ended, and its ports with it.
        }

        return ports;
    }

    /// <summary>Fields of /proc/net/tcp: number, local address:port in hexadecimal, remote one, …, and the inode as the tenth.</summary>
    internal static int? PortOf(string line, IReadOnlySet<string> inodes)
    {
        var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (fields.Length < 10 || !inodes.Contains(fields[9]))
            return null;
        return int.Parse(fields[1].AsSpan(fields[1].LastIndexOf(':') + 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
    }
}
