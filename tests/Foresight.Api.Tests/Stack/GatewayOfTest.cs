using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using Foresight.Cluster;
using Foresight.Protocol;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Foresight.Api.Tests.Stack;

internal sealed class GatewayOfTest : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly string _redis;

    private GatewayOfTest(WebApplication app, string redis) => (_app, _redis) = (app, redis);

    public ConcurrentQueue<LeaderCommand> Commands { get; } = new();

    public string? SecretSeen { get; private set; }

    /// <param name="answer">Result of a command; a task that never completes is a leader that hangs.</param>
    public static async Task<GatewayOfTest> OpenAsync(ApiStack stack, Func<LeaderCommand, Task<CommandResult>> answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.Listen(IPAddress.Loopback, 0, options => options.Protocols = HttpProtocols.Http2)
        );
        var app = builder.Build();
        var gateway = new GatewayOfTest(app, stack.Redis);
        app.MapPost(
            "/gateway/commands",
            async (HttpContext http) =>
            {
                gateway.SecretSeen = http.Request.Headers[ClusterSecret.Header];
                var batch = await http.Request.ReadFromJsonAsync<CommandBatch>(JsonSerializerOptions.Web);
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
        var lease = new LeaseRecord("leader-of-test", address, Guid.NewGuid(), 7, DateTimeOffset.UtcNow, DateTimeOffset.UtcNow);
        await gateway.ChangeLeaseAsync(
            "acquired",
            (database, key) => database.StringSetAsync(key, JsonSerializer.Serialize(lease, JsonSerializerOptions.Web))
        );
        return gateway;
    }

    public async ValueTask DisposeAsync()
    {
        await ChangeLeaseAsync("released", (database, key) => database.KeyDeleteAsync(key));
        await _app.StopAsync(new CancellationToken(canceled: true));
        await _app.DisposeAsync();
    }

    /// <summary>A new connection each time: tests kill Redis in between, and an old connection takes a while to recover.</summary>
    private async Task ChangeLeaseAsync(string kind, Func<IDatabase, RedisKey, Task> change)
    {
        using var connection = await ConnectionMultiplexer.ConnectAsync(_redis);
        await change(connection.GetDatabase(), ApiStack.Prefix + "leader:matching-engine");
        await connection
            .GetSubscriber()
            .PublishAsync(
                RedisChannel.Literal(ApiStack.Prefix + Channels.ClusterLeader),
                JsonSerializer.Serialize(
                    new LeaderMessage(kind, LeasedResources.Matching, "leader-of-test", "", 7),
                    JsonSerializerOptions.Web
                )
            );
    }
}
