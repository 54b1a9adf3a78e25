using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Foresight.Bench.Enemy;

/// <summary>
/// Listens at the address of forged leases, because what a deceived node sends there is what an intruder would learn. Every other
/// connection is passed on to the real leader byte for byte; the others meet a certificate that names the leader, and acknowledgements that
/// the enemy made up.
/// </summary>
internal sealed class FakeGateway : IAsyncDisposable
{
    private const int LargestBody = 16 * 1024 * 1024;
    private const int ChunkBytes = 64 * 1024;

    /// <summary>Content type of a handshake (RFC 8446, section 5.1), which distinguishes TLS from clear text.</summary>
    private const byte TlsHandshake = 0x16;

    private readonly WebApplication _host;
    private readonly Loot _loot;
    private readonly TcpListener _front = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _ending = new();
    private readonly X509Certificate2 _certificate;
    private int _clearPort;
    private int _tlsPort;
    private Task _accepting = Task.CompletedTask;
    private int _connections;
    private int _requests;
    private int _commands;

    private FakeGateway(WebApplication host, Loot loot, X509Certificate2 certificate) =>
        (_host, _loot, _certificate) = (host, loot, certificate);

    /// <summary>With the scheme of the leader's own address, so that a forged lease differs from it in nothing else.</summary>
    public string Address =>
        $"{(Leader is { } leader ? new Uri(leader).Scheme : "http")}://127.0.0.1:{((IPEndPoint)_front.LocalEndpoint).Port}";

    /// <summary>The true leader, as the enemy reads it in the lease; null while it knows none.</summary>
    public string? Leader { get; set; }

    public int Connections => Volatile.Read(ref _connections);

    public int Requests => Volatile.Read(ref _requests);

    public int Commands => Volatile.Read(ref _commands);

    public static async Task<FakeGateway> StartAsync(Loot loot)
    {
        var certificate = Certificate();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = LargestBody;
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2);
            kestrel.Listen(
                IPAddress.Loopback,
                0,
                listen =>
                {
                    listen.Protocols = HttpProtocols.Http2;
                    listen.UseHttps(certificate, AcceptAnybody);
                }
            );
        });
        var gateway = new FakeGateway(builder.Build(), loot, certificate);
        gateway._host.Run(gateway.ServeAsync);
        await gateway._host.StartAsync();
        var listening = gateway
            ._host.Services.GetRequiredService<IServer>()
            .Features.Get<IServerAddressesFeature>()!
            .Addresses.Select(address => new Uri(address))
            .ToDictionary(address => address.Scheme, address => address.Port);
        (gateway._clearPort, gateway._tlsPort) = (listening["http"], listening["https"]);
        gateway._front.Start();
        gateway._accepting = gateway.AcceptAsync();
        return gateway;
    }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await _accepting;
        _front.Dispose();
        await _host.DisposeAsync();
        _certificate.Dispose();
        _ending.Dispose();
    }

    private static void AcceptAnybody(HttpsConnectionAdapterOptions https)
    {
        https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
        https.ClientCertificateValidation = (_, _, _) => true;
    }

    private static X509Certificate2 Certificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("OU=matching, CN=node-1", key, HashAlgorithmName.SHA256);
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = PassOnAsync(await _front.AcceptTcpClientAsync(_ending.Token));
        }
        catch (OperationCanceledException) when (_ending.IsCancellationRequested)
        {
            // Cancelling is how the gateway is stopped, so this is no failure.
        }
    }

    private async Task PassOnAsync(TcpClient caller)
    {
        using var _ = caller;
        var turn = Interlocked.Increment(ref _connections);
        try
        {
            var stream = caller.GetStream();
            var first = new byte[ChunkBytes];
            var length = await stream.ReadAsync(first, _ending.Token);
            var ownPort = length > 0 && first[0] == TlsHandshake ? _tlsPort : _clearPort;
            using var server = new TcpClient();
            if (turn % 2 == 0 && Leader is { } leader && leader != Address)
                await server.ConnectAsync(new Uri(leader).Host, new Uri(leader).Port, _ending.Token);
            else
                await server.ConnectAsync(IPAddress.Loopback, ownPort, _ending.Token);
            var onward = server.GetStream();
            Look(first.AsSpan(0, length));
            await onward.WriteAsync(first.AsMemory(0, length), _ending.Token);
            await Task.WhenAny(PumpAsync(stream, onward), PumpAsync(onward, stream));
        }
        catch (Exception error) when (error is IOException or SocketException or OperationCanceledException)
        {
            // Either side may hang up at any time, which is no failure.
        }
    }

    private async Task PumpAsync(NetworkStream from, NetworkStream to)
    {
        var chunk = new byte[ChunkBytes];
        while (await from.ReadAsync(chunk, _ending.Token) is var length and > 0)
        {
            Look(chunk.AsSpan(0, length));
            await to.WriteAsync(chunk.AsMemory(0, length), _ending.Token);
        }
    }

    private void Look(ReadOnlySpan<byte> passing) => _loot.Search("a connection through the fake gateway", passing.ToArray());

    private async Task ServeAsync(HttpContext http)
    {
        var turn = Interlocked.Increment(ref _requests);
        foreach (var header in http.Request.Headers)
            _loot.Search($"header {header.Key} at the fake gateway", Encoding.UTF8.GetBytes(header.Value.ToString()));
        var read = new MemoryStream();
        await http.Request.Body.CopyToAsync(read, http.RequestAborted);
        var body = read.ToArray();
        _loot.Search($"{http.Request.Path} at the fake gateway", body);
        var commands = CommandsOf(body);
        Interlocked.Add(ref _commands, commands.Count);
        http.Response.ContentType = "application/json";
        await http.Response.Body.WriteAsync(commands.Count > 0 && turn % 4 != 0 ? Acknowledgements(commands) : body, http.RequestAborted);
    }

    private static List<JsonObject> CommandsOf(byte[] body)
    {
        try
        {
            return JsonNode.Parse(body) is JsonObject batch && batch["commands"] is JsonArray commands
                ? [.. commands.OfType<JsonObject>()]
                : [];
        }
        catch (JsonException)
        {
            return [];
        }
    }

    private static byte[] Acknowledgements(List<JsonObject> commands)
    {
        var results = commands.Select(command => new JsonObject
        {
            ["requestId"] = command["requestId"]?.DeepClone(),
            ["status"] = 0,
            ["epoch"] = 1,
            ["sequence"] = 123_456_789,
            ["orderStatus"] = "open",
            ["filledLots"] = 0,
            ["remainingLots"] = command["lots"]?.DeepClone() ?? 0,
            ["fills"] = new JsonArray(),
            ["cancelled"] = new JsonArray(),
            ["orderHash"] = command["hash"]?.DeepClone(),
        });
        var answer = new JsonObject { ["nodeId"] = "enemy", ["results"] = new JsonArray([.. results]) };
        return Encoding.UTF8.GetBytes(answer.ToJsonString());
    }
}
