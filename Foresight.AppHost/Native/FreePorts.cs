using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Aspire.Hosting;
using Foresight.AppHost.Programs;

namespace Foresight.AppHost.Native;

public static class FreePorts
{
    // Below the range of outgoing connections (from 32768 by default), so that no connection can take the port of a program
    // while it restarts.
    private const int FirstPort = 15_000;
    private const int LastPort = 32_000;
    private const int MaximumAttempts = 1_000;

    private static readonly ConcurrentDictionary<int, IDisposable?> Given = new();

    public static int Any()
    {
        for (var attempt = 0; attempt < MaximumAttempts; attempt++)
        {
            var port = Random.Shared.Next(FirstPort, LastPort);
            if (IsFree(port) && Given.TryAdd(port, null))
                return port;
        }

        throw new DistributedApplicationException(
            $"No free port found between {FirstPort} and {LastPort} on 127.0.0.1 in {MaximumAttempts} attempts."
        );
    }

    /// <summary>
    /// A lock file in the cache folder reserves the port for this process, so that two AppHosts starting together do not
    /// choose the same one.
    /// </summary>
    public static int From(int port)
    {
        var cache = ProgramCache.OfThisUser();
        for (var candidate = port; candidate <= IPEndPoint.MaxPort; candidate++)
        {
            if (Given.ContainsKey(candidate) || cache.TryLock($"port-{candidate}") is not { } held)
                continue;
            if (IsFree(candidate) && Given.TryAdd(candidate, held))
                return candidate;
            held.Dispose();
        }

        throw new DistributedApplicationException($"No free port found from {port} up on 127.0.0.1.");
    }

    private static bool IsFree(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            return true;
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.AddressAlreadyInUse or SocketError.AccessDenied)
        {
            return false;
        }
    }
}
