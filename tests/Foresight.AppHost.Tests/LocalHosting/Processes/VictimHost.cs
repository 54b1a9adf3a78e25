using Aspire.Hosting;

namespace Foresight.AppHost.Tests.LocalHosting.Processes;

/// <summary>
/// An AppHost in a process of its own, small, with every kind of child there is: daemons, a server that forks, a shell with a child that
/// ignores signals. Says "ready" when all run, "failed" with a reason otherwise.
/// </summary>
internal static class VictimHost
{
    private static async Task Main(string[] args)
    {
        var builder = DistributedApplication.CreateBuilder(new DistributedApplicationOptions { Args = args, DisableDashboard = true });
        builder.AddRedis("redis");
        builder.AddPostgres("postgres").AddDatabase("foresight");
        builder.AddContainer("chain", "foundry", "v1.7.1").WithArgs(ChainCommand.Anvil).WithHttpEndpoint(name: "http");
        builder.AddExecutable(
            "stubborn", "/bin/sh", "/", "-c", "trap '' TERM INT HUP; (trap '' TERM; sleep 600; true) & while :; do sleep 600; done");
        var app = builder.Build();
        try
        {
            await app.StartAsync();
            using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(3));
            foreach (var name in new[] { "redis", "foresight", "chain", "stubborn" })
                await app.ResourceNotifications.WaitForResourceHealthyAsync(name, deadline.Token);
            Console.WriteLine("ready");
        }
        catch (DistributedApplicationException e)
        {
            Console.WriteLine($"failed: {e.Message}");
        }
        if (await Console.In.ReadLineAsync() == "stop")
            await app.DisposeAsync();
    }
}
