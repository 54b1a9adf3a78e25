using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Foresight.AppHost.Drill;

/// <summary>
/// Connections of a client that is cut off stay open but carry nothing, as in a network partition: when it heals, data under
/// way arrives late.
/// </summary>
internal sealed class Relay
{
    private const int BufferBytes = 64 * 1024;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<Connection, byte> _open = new();
    private readonly Func<(string Host, int Port)> _server;

    /// <param name="server">Evaluated for each connection, because the port may be assigned later.</param>
    public Relay(string name, Func<(string Host, int Port)> server)
    {
        Name = name;
        _server = server;
        _listener.Start();
        _ = Task.Run(AcceptAsync);
    }

    public string Name { get; }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public Func<int, Task?> CutUntil { get; set; } = _ => null;

    public void Review()
    {
        foreach (var connection in _open.Keys)
            connection.Until = CutUntil(connection.ClientPort);
    }

    private async Task AcceptAsync()
    {
        // Needs no end, because the process closes all sockets when it ends.
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
            // Expected: one end is closed or was never open; the finally block closes the other.
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

            // Data of a client that is cut off must not arrive, and the end of its stream is data too.
            await connection.PassAsync();
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Expected: the other direction has ended, or an end is closed; ServeAsync closes both.
        }
    }

    private sealed class Connection(int clientPort)
    {
        public int ClientPort { get; } = clientPort;

        public volatile Task? Until;

        public Task PassAsync() => Until ?? Task.CompletedTask;
    }
}
