using System.Net;
using System.Net.Sockets;

namespace Foresight.Testing;

/// <summary>
/// Each has an address of its own in the loopback network, so that what limits one by its address leaves other tests alone.
/// </summary>
public static class LoopbackClient
{
    private static int _last;

    public static (HttpClient Http, string Address) Next(Uri? node = null)
    {
        var address = new IPAddress([127, 0, 1, (byte)Interlocked.Increment(ref _last)]);
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            ConnectCallback = async (connecting, cancellationToken) =>
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                socket.Bind(new IPEndPoint(address, 0));
                await socket.ConnectAsync(IPAddress.Loopback, connecting.DnsEndPoint.Port, cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            },
        };
        return (new HttpClient(handler) { BaseAddress = node }, address.ToString());
    }
}
