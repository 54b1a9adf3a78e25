using System.Diagnostics;
using Foresight.Api.Access;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Foresight.Api.Tests.Stack;

/// <summary>
/// The Api's own program in this process, so that its route table can be read: the document leaves out what is not for callers. Uses the
/// stores of a stack, under a name of its own.
/// </summary>
internal sealed class InProcessApi : IAsyncDisposable
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(1);

    private readonly IHost _host;
    private readonly Task _running;

    private InProcessApi(IHost host, Task running) => (_host, _running) = (host, running);

    public Uri Address => new(_host.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

    public IReadOnlyList<RouteEndpoint> Routes =>
        [.. _host.Services.GetServices<EndpointDataSource>().SelectMany(source => source.Endpoints).OfType<RouteEndpoint>().Distinct()];

    public static async Task<InProcessApi> StartAsync(ApiStack stack, params string[] settings)
    {
        var name = $"api-{Guid.NewGuid():N}";
        var built = new TaskCompletionSource<IHost>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var listening = DiagnosticListener.AllListeners.Subscribe(new HostWatch(name, built));
        string[] arguments =
        [
            $"--NODE_ID={name}",
            "--urls=http://127.0.0.1:0",
            "--environment=Development",
            $"--ConnectionStrings:redis={stack.Redis}",
            $"--ConnectionStrings:foresight={stack.PrimaryConnection}",
            $"--CLUSTER_SECRET={ApiStack.ClusterSecret}",
            $"--ADMIN_KEY={ApiStack.AdminKey}",
            .. settings.Select(setting => $"--{setting}"),
        ];
        var running = Task.Run(async () =>
        {
            if (typeof(AdminAccess).Assembly.EntryPoint!.Invoke(null, [arguments]) is Task main)
                await main;
        });
        var first = await Task.WhenAny(built.Task, running).WaitAsync(StartTimeout);
        await first;
        var host = await built.Task.WaitAsync(StartTimeout);
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using (host.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStarted.Register(started.SetResult))
            await (await Task.WhenAny(started.Task, running).WaitAsync(StartTimeout));
        return new InProcessApi(host, running);
    }

    public async ValueTask DisposeAsync()
    {
        _host.Services.GetRequiredService<IHostApplicationLifetime>().StopApplication();
        await _running;
    }

    /// <summary>A host reports itself when it is built; other tests build theirs in the meantime.</summary>
    private sealed class HostWatch(string name, TaskCompletionSource<IHost> built)
        : IObserver<DiagnosticListener>,
            IObserver<KeyValuePair<string, object?>>
    {
        public void OnNext(DiagnosticListener value)
        {
            if (value.Name == "Microsoft.Extensions.Hosting")
                value.Subscribe(this);
        }

        public void OnNext(KeyValuePair<string, object?> value)
        {
            if (value is { Key: "HostBuilt", Value: IHost host } && host.Services.GetRequiredService<IConfiguration>()["NODE_ID"] == name)
                built.TrySetResult(host);
        }

        public void OnCompleted() { }

        public void OnError(Exception error) { }
    }
}
