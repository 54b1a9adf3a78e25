using System.Net;
using System.Net.Sockets;

namespace Foresight.AppHost.LocalHosting;

/// <summary>
/// Gives every endpoint its port before anything starts, and keeps the port bound until its program is about to take it, so that two
/// AppHosts starting at once do not choose the same one.
/// </summary>
internal sealed class PortReservations : IDisposable
{
    // Below the range that Linux takes outgoing connections from (32768 up by default): a program that is restarted finds its port
    // still free.
    private const int FirstPort = 15_000;
    private const int LastPort = 32_000;
    private const int MaxAttempts = 1_000;

    private readonly Dictionary<int, Socket> _bound = [];

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
            if ((candidate == port || !askedFor.Contains(candidate)) && TryReserve(candidate))
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
