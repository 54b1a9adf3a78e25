using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Foresight.Cluster.Proof;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Trust;

namespace Foresight.Testing;

/// <summary>Raw, because no node of the product would send such requests.</summary>
public static class ProvenHttp
{
    /// <param name="from">Null for the system's choice.</param>
    public static HttpClient Of(
        string secret,
        string? also = null,
        string nodeId = "tests",
        string kind = NodeKinds.Matching,
        IPAddress? from = null
    ) => Of(new NodeProof(new ClusterKeys(secret, also), nodeId, kind).ForClient(_ => true), from);

    public static HttpClient OfNobody() =>
        Of(new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = (_, _, _, _) => true });

    private static HttpClient Of(SslClientAuthenticationOptions options, IPAddress? from = null) =>
        new(
            new SocketsHttpHandler
            {
                SslOptions = options,
                UseProxy = false,
                ConnectCallback = from is null
                    ? null
                    : (context, cancellationToken) => ConnectAsync(from, context.DnsEndPoint, cancellationToken),
            }
        )
        {
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Timeout = TimeSpan.FromSeconds(10),
        };

    private static async ValueTask<Stream> ConnectAsync(IPAddress from, DnsEndPoint to, CancellationToken cancellationToken)
    {
        var socket = new Socket(from.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            socket.Bind(new IPEndPoint(from, 0));
            await socket.ConnectAsync(to, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
