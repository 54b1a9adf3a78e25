using System.Net;
using System.Net.Sockets;
using Foresight.AppHost.Programs;

namespace Foresight.AppHost.LocalHosting;

/// <summary>
/// Gives every endpoint its port before anything starts. A port that any number would do for is kept bound until its program is about to
/// take it; a port with a well-known number is kept for the whole run by a lock in the cache folder instead, since a bound socket would
/// also refuse a port that only has connections of the last run still winding down. So two AppHosts starting at once do not choose the
/// same one.
/// </summary>
internal sealed class PortReservations(ProgramCache cache) : IDisposable
{
    // Below the range that Linux takes outgoing connections from (32768 up by default): a program that is restarted finds its port
    // still free.
    private const int FirstPort = 15_000;
    private const int LastPort = 32_000;
    private const int MaxAttempts = 1_000;

    private readonly Dictionary<int, Socket> _bound = [];
    private readonly List<IDisposable> _locks = [];

    public int ReserveAny()
    {
        for (var attempt = 0; attempt < MaxAttempts; attempt++)
        {
            var port = Random.Shared.Next(FirstPort, LastPort);
            if (TryReserve(port))
                return port;
        }
        throw new Aspire.Hosting.DistributedApplicationException(
            $"No free port found between {FirstPort} and {LastPort} on 127.0.0.1 in {MaxAttempts} attempts.");
    }

    /// <summary>The port asked for, or the next free one after it that nobody else in the model asks for.</summary>
    public int ReserveFrom(int port, IReadOnlySet<int> askedFor)
    {
        for (var candidate = port; candidate <= IPEndPoint.MaxPort; candidate++)
            if ((candidate == port || !askedFor.Contains(candidate)) && TryLock(candidate))
                return candidate;
        throw new Aspire.Hosting.DistributedApplicationException($"No free port found from {port} up on 127.0.0.1.");
    }

    public void Release(int port)
    {
        if (_bound.Remove(port, out var socket))
            socket.Dispose();
    }

    public void Dispose()
    {
        foreach (var socket in _bound.Values)
            socket.Dispose();
        _bound.Clear();
        foreach (var held in _locks)
            held.Dispose();
        _locks.Clear();
    }

    private bool TryLock(int port)
    {
        if (cache.TryLock($"port-{port}") is not { } held)
            return false;
        if (IsFree(port))
        {
            _locks.Add(held);
            return true;
        }
        held.Dispose();
        return false;
    }

    /// <summary>Whether a server could listen there now.</summary>
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

    private bool TryReserve(int port)
    {
        if (_bound.ContainsKey(port))
            return false;
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        // Not Socket.Bind: that one sets SO_REUSEADDR, with which Linux lets two sockets that do not listen have the same port.
        if (Native.TryBindToLoopback(socket, port))
        {
            _bound.Add(port, socket);
            return true;
        }
        socket.Dispose();
        return false;
    }
}
