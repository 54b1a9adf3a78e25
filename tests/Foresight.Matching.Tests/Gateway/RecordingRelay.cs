using System.Net;
using System.Net.Sockets;

namespace Foresight.Matching.Tests.Gateway;

/// <summary>An attacker between a node and a gateway can record what the client sends, and change a byte.</summary>
internal sealed class RecordingRelay : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _closing = new();
    private readonly MemoryStream _fromClient = new();
    private readonly int _target;
    private readonly Task _accepting;
    private int _damage;

    public RecordingRelay(int target)
    {
        _target = target;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public byte[] FromClient()
    {
        lock (_fromClient)
            return _fromClient.ToArray();
    }

    public void Damage(bool toClient) => Volatile.Write(ref _damage, toClient ? 1 : 2);

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        _listener.Stop();
        await _accepting;
        _closing.Dispose();
    }

    private async Task AcceptAsync()
    {
        var open = new List<Task>();
        try
        {
            while (true)
                open.Add(RelayAsync(await _listener.AcceptTcpClientAsync(_closing.Token)));
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException)
        {
            await Task.WhenAll(open);
        }
    }

    private async Task RelayAsync(TcpClient client)
    {
        using var server = new TcpClient();
        using (client)
        {
            await server.ConnectAsync(IPAddress.Loopback, _target);
            await Task.WhenAny(CopyAsync(client, server, toClient: false), CopyAsync(server, client, toClient: true));
        }
    }

    private async Task CopyAsync(TcpClient from, TcpClient to, bool toClient)
    {
        var bytes = new byte[64 * 1024];
        try
        {
            while (await from.GetStream().ReadAsync(bytes, _closing.Token) is > 0 and var read)
            {
                if (!toClient)
                    lock (_fromClient)
                        _fromClient.Write(bytes, 0, read);
                if (Interlocked.CompareExchange(ref _damage, 0, toClient ? 1 : 2) == (toClient ? 1 : 2))
                    bytes[read - 1] ^= 1;
                await to.GetStream().WriteAsync(bytes.AsMemory(0, read), _closing.Token);
            }
        }
        catch (Exception error) when (error is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // Expected: one side has closed, or the test is over.
        }
    }
}
