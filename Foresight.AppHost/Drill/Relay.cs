using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Foresight.AppHost.Drill;

/// <summary>
/// Stands before one server and passes everything on, until some of its clients are cut off: their connections stay open and nothing
/// passes, as in a network that lost its way. When it has found it again, what was under way arrives late.
/// </summary>
internal sealed class Relay
{
    private const int BufferBytes = 64 * 1024;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<Connection, byte> _open = new();
    private readonly Func<(string Host, int Port)> _server;

    /// <param name="server">Asked at each connection: it may not be known yet.</param>
    public Relay(string name, Func<(string Host, int Port)> server)
    {
        Name = name;
        _server = server;
        _listener.Start();
        _ = Task.Run(AcceptAsync);
    }

    public string Name { get; }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Says of a client's port whether that client is cut off, and until when; null: it is not.</summary>
    public Func<int, Task?> CutUntil { get; set; } = _ => null;

    /// <summary>Asks <see cref="CutUntil"/> again for every open connection.</summary>
    public void Review()
    {
        foreach (var connection in _open.Keys)
            connection.Until = CutUntil(connection.ClientPort);
    }

    private async Task AcceptAsync()
    {
        // As long as the AppHost lives: its end closes everything.
        while (true)
            _ = ServeAsync(await _listener.AcceptSocketAsync());
    }

    private async Task ServeAsync(Socket client)
    {
        var connection = new Connection(((IPEndPoint)client.RemoteEndPoint!).Port);
        using var server = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        client.NoDelay = true;
        _open.TryAdd(connection, 0);
        try
        {
            connection.Until = CutUntil(connection.ClientPort);
            await connection.PassAsync();
            var (host, port) = _server();
            await server.ConnectAsync(host, port);
            await Task.WhenAny(PumpAsync(client, server, connection), PumpAsync(server, client, connection));
        }
        catch (SocketException)
        {
            // One end is gone or was never there; so is the other now.
        }
        finally
        {
            _open.TryRemove(connection, out _);
            client.Dispose();
        }
    }

    private static async Task PumpAsync(Socket from, Socket into, Connection connection)
    {
        var buffer = new byte[BufferBytes];
        try
        {
            while (await from.ReceiveAsync(buffer) is > 0 and var count)
            {
                await connection.PassAsync();
                var sent = 0;
                while (sent < count)
                    sent += await into.SendAsync(buffer.AsMemory(sent, count - sent));
            }

            // An end is news as well.
            await connection.PassAsync();
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The other direction ended, or an end is gone: both are closed by ServeAsync.
        }
    }

    private sealed class Connection(int clientPort)
    {
        public int ClientPort { get; } = clientPort;

        public volatile Task? Until;

        public Task PassAsync() => Until ?? Task.CompletedTask;
    }
}
