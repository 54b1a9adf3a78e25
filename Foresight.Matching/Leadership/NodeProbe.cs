using System.Net.Sockets;
using Foresight.Cluster;

namespace Foresight.Matching.Leadership;

public sealed class NodeProbe(GatewayClient gateways) : INodeProbe
{
    private static readonly TimeSpan ProbeTimeout = TimeSpan.FromMilliseconds(300);

    public async Task<bool> RefusesAsync(string address, CancellationToken cancellationToken)
    {
        if (!Uri.TryCreate(address, UriKind.Absolute, out var url))
            return false;
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bound.CancelAfter(ProbeTimeout);
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(url.Host, url.Port, bound.Token);
            return false;
        }
        catch (SocketException error)
        {
            return error.SocketErrorCode == SocketError.ConnectionRefused;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    public Task<bool> WaitForEndAsync(string address, CancellationToken cancellationToken) =>
        gateways.WaitForEndAsync(address, cancellationToken);
}
