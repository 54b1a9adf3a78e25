using Foresight.Protocol;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Foresight.Console.Tests;

public sealed class FakeApi : IAsyncDisposable
{
    public const string Key = "the-admin-key-of-these-tests";

    private readonly WebApplication _app;

    private FakeApi(WebApplication app, FakeHubState hub) => (_app, Hub) = (app, hub);

    public FakeHubState Hub { get; }

    public Uri Address { get; private set; } = null!;

    /// <param name="answer">
    /// Does not get requests for the hub. Null: 200 with an empty object for requests with the key, 401 for others.
    /// </param>
    public static async Task<FakeApi> StartAsync(Func<HttpContext, Task>? answer = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddSignalR().AddMessagePackProtocol();
        builder.Services.AddSingleton<FakeHubState>();
        var app = builder.Build();
        app.MapHub<FakeHub>("/hubs/market");
        app.MapFallback(context => answer is null ? DefaultAsync(context) : answer(context));
        await app.StartAsync();
        var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!;
        return new FakeApi(app, app.Services.GetRequiredService<FakeHubState>()) { Address = new Uri(addresses.Addresses.Single()) };
    }

    public static Task ProblemAsync(HttpContext context, int status, string code) =>
        Results
            .Problem(detail: $"because of {code}", statusCode: status, extensions: new Dictionary<string, object?> { ["code"] = code })
            .ExecuteAsync(context);

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private static Task DefaultAsync(HttpContext context) =>
        context.Request.Headers.Authorization == $"Bearer {Key}"
            ? context.Response.WriteAsJsonAsync(new { })
            : ProblemAsync(context, 401, ProblemCodes.Unauthorized);
}

public sealed class FakeHubState(IHubContext<FakeHub> clients)
{
    public DepthMessage Snapshot { get; set; } = new(1, 1, 10, 0, Snapshot: true, [new LevelChange(0, true, 5000, 100)]);

    public string? Refusal { get; set; }

    public int Subscriptions;

    public Task SendAsync(string method, object message) => clients.Clients.All.SendAsync(method, message);
}

public sealed class FakeHub(FakeHubState state) : Hub
{
    public async Task Subscribe(string topic, int marketId)
    {
        if (state.Refusal is { } refusal)
            throw new HubException(refusal);

        if (topic != "depth")
            return;

        Interlocked.Increment(ref state.Subscriptions);
        await Clients.Caller.SendAsync("depth", state.Snapshot with { Market = marketId });
    }

    public Task Unsubscribe(string topic, int marketId) => Task.CompletedTask;
}
