using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using Foresight.Cluster.Proof;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Trust;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Foresight.Api.Tests.Stack;

internal sealed class GatewayOfTest : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ApiStack _stack;

    private GatewayOfTest(WebApplication app, ApiStack stack) => (_app, _stack) = (app, stack);

    public ConcurrentQueue<LeaderCommand> Commands { get; } = new();

    public ConcurrentQueue<string> Received { get; } = new();

    public ConcurrentQueue<ProvenNode?> Callers { get; } = new();

    /// <param name="answer">A task that never completes is a leader that hangs.</param>
    public static async Task<GatewayOfTest> OpenAsync(
        ApiStack stack,
        Func<LeaderCommand, Task<CommandResult>> answer,
        string secret = ApiStack.ClusterSecret,
        string kind = NodeKinds.Matching
    )
    {
        var builder = WebApplication.CreateSlimBuilder();
        var proof = new NodeProof(new ClusterKeys(secret), "leader-of-test", kind);
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.Listen(
                IPAddress.Loopback,
                0,
                options =>
                {
                    options.Protocols = HttpProtocols.Http2;
                    options.UseHttps(
                        new TlsHandshakeCallbackOptions { OnConnection = _ => ValueTask.FromResult(proof.ForServer(_ => true)) }
                    );
                }
            )
        );
        var app = builder.Build();
        var gateway = new GatewayOfTest(app, stack);
        app.MapPost(
            "/gateway/commands",
            async (HttpContext http) =>
            {
                using var body = new StreamReader(http.Request.Body);
                var text = await body.ReadToEndAsync();
                gateway.Received.Enqueue(string.Join('\n', http.Request.Headers.Select(header => $"{header.Key}: {header.Value}")) + text);
                gateway.Callers.Enqueue(proof.Read(http.Connection.ClientCertificate));
                var batch = JsonSerializer.Deserialize<CommandBatch>(text, JsonSerializerOptions.Web);
                foreach (var command in batch!.Commands)
                    gateway.Commands.Enqueue(command);
                var results = await Task.WhenAll(batch.Commands.Select(answer)).WaitAsync(http.RequestAborted);
                return Results.Json(new CommandAnswer("leader-of-test", results), JsonSerializerOptions.Web);
            }
        );
        await app.StartAsync();
        var address = app
            .Services.GetRequiredService<Microsoft.AspNetCore.Hosting.Server.IServer>()
            .Features.Get<IServerAddressesFeature>()!
            .Addresses.Single();
        // Redis shows no lease here, so the Api goes by the row.
        await stack.ExecuteAsync(
            $"""
            INSERT INTO leadership (resource, epoch, token, node_id, address, renewed_at, lease_ms, acquired_at)
            VALUES ('matching-engine', 7, gen_random_uuid(), 'leader-of-test', '{address}', clock_timestamp(), 86400000, '2026-01-02Z')
            ON CONFLICT (resource) DO UPDATE SET address = excluded.address, epoch = leadership.epoch + 1
            """
        );
        return gateway;
    }

    public async ValueTask DisposeAsync()
    {
        await _stack.ExecuteAsync("DELETE FROM leadership WHERE node_id = 'leader-of-test'");
        await _app.StopAsync(new CancellationToken(canceled: true));
        await _app.DisposeAsync();
    }
}
