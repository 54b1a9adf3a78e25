using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Foresight.Cluster.Proof;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Trust;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;

namespace Foresight.Cluster.Tests.Proof;

/// <summary>A lease may name the attacker's address: it must learn nothing there, and nothing that it answers may be believed.</summary>
[Trait("Category", "Trust")]
public sealed class EnemyGatewayTests : IDisposable
{
    private const string Secret = "a secret of these tests";

    private readonly GatewayClient _client = new(new NodeProof(new ClusterKeys(Secret), "api-1", NodeKinds.Api), TimeProvider.System);
    private readonly PlaceOrder _order = new Traders(seed: 4).Place(1, market: 1, outcome: 0, isBuy: true, price: 5_000, lots: 3);

    public void Dispose() => _client.Dispose();

    [Fact]
    public async Task AListenerThatOnlyListens_SeesNeitherSecretNorCommand()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var hearing = Task.Run(async () =>
        {
            using var accepted = await listener.AcceptTcpClientAsync();
            var bytes = new byte[64 * 1024];
            var heard = await accepted.GetStream().ReadAsync(bytes);
            // Answers as a gateway without TLS would.
            await accepted.GetStream().WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"u8.ToArray());
            return bytes[..heard];
        });
        await AssertNeverSentAsync($"https://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");
        AssertHoldsNothing(Encoding.Latin1.GetString(await hearing));
    }

    [Fact]
    public async Task AnAddressWithoutTls_IsNotEvenCalled()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        await AssertNeverSentAsync($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");
        Assert.False(listener.Pending());
    }

    [Fact]
    public async Task AServerWithACertificateOfItsOwn_GetsNoRequest_AndIsNotBelieved()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        // With the name and the kind of the true leader, so that only the key betrays it.
        var request = new CertificateRequest("CN=leader, OU=matching", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        await using var enemy = await FakeLeader.StartAsync(() => new SslServerAuthenticationOptions { ServerCertificate = certificate });
        await AssertNeverSentAsync(enemy.Address);
        Assert.Null(await _client.StatusAsync(enemy.Address, 0, CancellationToken.None));
        Assert.Null(await _client.StateAsync(enemy.Address, 0, CancellationToken.None));
        Assert.Empty(enemy.Requests);
    }

    [Theory]
    [InlineData("another secret of these tests", NodeKinds.Matching)]
    [InlineData(Secret, NodeKinds.Api)]
    public async Task ANodeOfAnotherCluster_OrOfAnotherKind_GetsNoRequest(string secret, string kind)
    {
        var proof = new NodeProof(new ClusterKeys(secret), "leader", kind);
        await using var enemy = await FakeLeader.StartAsync(() => proof.ForServer(_ => true));
        await AssertNeverSentAsync(enemy.Address);
        Assert.Empty(enemy.Requests);
    }

    [Fact]
    public async Task TheTrueLeader_GetsTheCommand_AndNeverTheSecret()
    {
        var proof = new NodeProof(new ClusterKeys(Secret), "leader", NodeKinds.Matching);
        await using var leader = await FakeLeader.StartAsync(() => proof.ForServer(_ => true));
        var answer = await _client.SendAsync(leader.Address, [_order], null, CancellationToken.None);
        Assert.Equal(_order.RequestId, answer.Results.Single().RequestId);
        var request = Assert.Single(leader.Requests);
        Assert.Contains(_order.Hash, request);
        Assert.DoesNotContain(Secret, request);
    }

    private async Task AssertNeverSentAsync(string address)
    {
        var error = await Assert.ThrowsAnyAsync<Exception>(() => _client.SendAsync(address, [_order], null, CancellationToken.None));
        Assert.True(GatewayClient.IsConnectionFault(error) && GatewayClient.WasNeverSent(error), error.ToString());
    }

    private void AssertHoldsNothing(string heard)
    {
        Assert.NotEmpty(heard);
        foreach (var secret in new[] { Secret, _order.Hash[2..], _order.Signature[2..], _order.Maker[2..], "gateway" })
            Assert.DoesNotContain(secret, heard, StringComparison.OrdinalIgnoreCase);
    }

    private sealed class FakeLeader : IAsyncDisposable
    {
        private readonly WebApplication _app;

        private FakeLeader(WebApplication app) => _app = app;

        public ConcurrentQueue<string> Requests { get; } = new();

        public string Address => _app.Urls.Single();

        public static async Task<FakeLeader> StartAsync(Func<SslServerAuthenticationOptions> tls)
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.ConfigureKestrel(kestrel =>
                kestrel.Listen(
                    IPAddress.Loopback,
                    0,
                    listen =>
                    {
                        listen.Protocols = HttpProtocols.Http2;
                        listen.UseHttps(new TlsHandshakeCallbackOptions { OnConnection = _ => ValueTask.FromResult(tls()) });
                    }
                )
            );
            var leader = new FakeLeader(builder.Build());
            leader._app.Run(leader.AnswerAsync);
            await leader._app.StartAsync();
            return leader;
        }

        public async ValueTask DisposeAsync()
        {
            await _app.StopAsync();
            await _app.DisposeAsync();
        }

        private async Task AnswerAsync(HttpContext http)
        {
            using var reader = new StreamReader(http.Request.Body);
            var text = await reader.ReadToEndAsync();
            Requests.Enqueue(string.Join('\n', http.Request.Headers.Select(header => $"{header.Key}: {header.Value}")) + text);
            var commands = text.Length > 0 ? JsonSerializer.Deserialize<CommandBatch>(text, JsonSerializerOptions.Web)!.Commands : [];
            await http.Response.WriteAsJsonAsync(
                new CommandAnswer(
                    "leader",
                    [.. commands.Select(command => new CommandResult(command.RequestId, ResultStatus.Accepted, null, 1, 123_456_789))]
                ),
                JsonSerializerOptions.Web
            );
        }
    }
}
