using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Foresight.Cluster.Proof;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Trust;

namespace Foresight.Cluster.Tests.Proof;

[Trait("Category", "Trust")]
public sealed class NodeProofTests
{
    private const string Old = "the old secret of these tests";
    private const string New = "the new secret of these tests";

    public static TheoryData<string, string?, string, string?, bool> Pairs =>
        new()
        {
            { Old, null, Old, null, true },
            { Old, null, New, null, false },
            // A rotation, in the order in which nodes are restarted.
            { Old, New, Old, null, true },
            { Old, New, New, Old, true },
            { New, Old, Old, New, true },
            { New, null, New, Old, true },
            { New, null, Old, null, false },
            { New, null, Old, New, false },
        };

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task TwoNodes_RecognizeEachOther_IfEachAcceptsTheKeyOfTheOther(
        string client,
        string? clientAlso,
        string server,
        string? serverAlso,
        bool succeeds
    )
    {
        var (asClient, asServer) = (
            new NodeProof(new ClusterKeys(client, clientAlso), "api-1", NodeKinds.Api),
            new NodeProof(new ClusterKeys(server, serverAlso), "matching-1", NodeKinds.Matching)
        );
        var (seenByClient, seenByServer) = await ShakeHandsAsync(asClient, asServer);
        Assert.Equal(succeeds, seenByClient == new ProvenNode("matching-1", "matching") && seenByServer == new ProvenNode("api-1", "api"));
        if (!succeeds)
            Assert.True(seenByClient is null || seenByServer is null);
    }

    [Fact]
    public async Task ANodeThatIsRenamed_ProvesItsNewName()
    {
        var keys = new ClusterKeys(Old);
        var client = new NodeProof(keys, "n1", NodeKinds.Api);
        client.Rename("n1-abc123");
        var (_, seen) = await ShakeHandsAsync(client, new NodeProof(keys, "n2", NodeKinds.Matching));
        Assert.Equal("n1-abc123", seen?.Id);
    }

    [Fact]
    public async Task ACopiedCertificate_ProvesNothing_WithoutItsKey()
    {
        var server = new NodeProof(new ClusterKeys(Old), "n2", NodeKinds.Matching);
        var copied = server.ForServer(_ => true).ServerCertificate!.Export(X509ContentType.Cert);
        using var stranger = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = X509CertificateLoader.LoadCertificate(copied);
        Assert.NotNull(server.Read(certificate));
        // The framework itself refuses the pair, as the handshake would, so the certificate is of no use without its key.
        Assert.Throws<ArgumentException>(() => certificate.CopyWithPrivateKey(stranger));
        var (_, seen) = await ShakeHandsAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = "any",
                ClientCertificates = [certificate],
                RemoteCertificateValidationCallback = (_, _, _, _) => true,
                ApplicationProtocols = [SslApplicationProtocol.Http2],
            },
            server
        );
        Assert.Null(seen);
    }

    private static Task<(ProvenNode? OfServer, ProvenNode? OfClient)> ShakeHandsAsync(NodeProof client, NodeProof server)
    {
        ProvenNode? ofServer = null;
        var options = client.ForClient(node =>
        {
            ofServer = node;
            return true;
        });
        options.TargetHost = "any";
        return ShakeHandsAsync(options, server, () => ofServer);
    }

    private static async Task<(ProvenNode? OfServer, ProvenNode? OfClient)> ShakeHandsAsync(
        SslClientAuthenticationOptions client,
        NodeProof server,
        Func<ProvenNode?>? seenByClient = null
    )
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        ProvenNode? ofClient = null;
        var serving = Task.Run(async () =>
        {
            using var accepted = await listener.AcceptTcpClientAsync();
            await using var stream = new SslStream(accepted.GetStream());
            await stream.AuthenticateAsServerAsync(server.ForServer(node => (ofClient = node) is not null));
        });
        using var connected = new TcpClient();
        await connected.ConnectAsync((IPEndPoint)listener.LocalEndpoint);
        await using var stream = new SslStream(connected.GetStream());
        try
        {
            await stream.AuthenticateAsClientAsync(client);
            await serving;
        }
        catch (Exception error) when (error is AuthenticationException or IOException)
        {
            // In TLS 1.3 either side may have believed the other before it was refused itself, so both ends are awaited.
            connected.Close();
            await serving.ContinueWith(_ => { }, TaskScheduler.Default);
        }

        return (seenByClient?.Invoke(), ofClient);
    }
}
