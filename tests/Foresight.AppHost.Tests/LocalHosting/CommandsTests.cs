using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Xunit;

namespace Foresight.AppHost.Tests.LocalHosting;

public sealed class CommandsTests
{
    [Fact]
    public async Task StopStartRestartKill_DoWhatTheySay()
    {
        await using var app = await StartAsync(b => b.AddExecutable("sleeper", "sleep", "/", "600"));
        await app.WaitHealthyAsync("sleeper");
        var first = PidOf(app, "sleeper");

        Assert.True((await app.ResourceCommands.ExecuteCommandAsync("sleeper", "restart")).Success);
        await app.WaitHealthyAsync("sleeper");
        Assert.NotEqual(first, PidOf(app, "sleeper"));

        Assert.True((await app.ResourceCommands.ExecuteCommandAsync("sleeper", "kill")).Success);
        var killed = Latest(app, "sleeper").Snapshot;
        Assert.Equal((KnownResourceStates.Finished, 137), (killed.State!.Text, killed.ExitCode));

        Assert.False((await app.ResourceCommands.ExecuteCommandAsync("sleeper", "stop")).Success);
        Assert.True((await app.ResourceCommands.ExecuteCommandAsync("sleeper", "start")).Success);
        await app.WaitHealthyAsync("sleeper");
        Assert.True((await app.ResourceCommands.ExecuteCommandAsync("sleeper", "stop")).Success);
        Assert.Equal(KnownResourceStates.Exited, Latest(app, "sleeper").Snapshot.State!.Text);
    }

    [Fact]
    public async Task ADeclaredCommand_RunsWithTheNameItWasAskedFor()
    {
        var asked = new List<string>();
        await using var app = await StartAsync(b => b.AddExecutable("sleeper", "sleep", "/", "600").WithCommand(
            "poke", "Poke it", context =>
            {
                asked.Add(context.ResourceName);
                return Task.FromResult(CommandResults.Success());
            }));
        Assert.True((await app.ResourceCommands.ExecuteCommandAsync("sleeper", "poke")).Success);
        Assert.Equal(["sleeper"], asked);
        var unknown = await app.ResourceCommands.ExecuteCommandAsync("sleeper", "tickle");
        Assert.Equal("sleeper has no command 'tickle'.", unknown.ErrorMessage);
    }

    [Fact]
    public async Task ExplicitStart_WaitsForTheCommand()
    {
        await using var app = await StartAsync(b => b.AddExecutable("sleeper", "sleep", "/", "600").WithExplicitStart());
        Assert.Equal(KnownResourceStates.NotStarted, Latest(app, "sleeper").Snapshot.State!.Text);
        Assert.True((await app.ResourceCommands.ExecuteCommandAsync("sleeper", "start")).Success);
        await app.WaitHealthyAsync("sleeper");
    }

    [Fact]
    public async Task WhoeverWaits_StartsAfterCompletion_AndNotAfterAFailure()
    {
        await using var app = await StartAsync(b =>
        {
            var good = b.AddExecutable("good", "true", "/");
            var bad = b.AddExecutable("bad", "/bin/sh", "/", "-c", "echo the disk is full; exit 3");
            b.AddExecutable("after-good", "sleep", "/", "600").WaitForCompletion(good);
            b.AddExecutable("after-bad", "sleep", "/", "600").WaitForCompletion(bad);
        });
        await app.WaitHealthyAsync("after-good");
        var failure = await Assert.ThrowsAsync<DistributedApplicationException>(() => app.WaitHealthyAsync("after-bad"));
        Assert.Contains("bad: Finished (exit code 3)", failure.Message);
        Assert.Contains("[bad] the disk is full", failure.Message);
    }

    [Fact]
    public async Task AProgramThatIsNotThere_FailsWithAReason()
    {
        await using var app = await StartAsync(b => b.AddExecutable("ghost", "/no/such/program", "/"));
        var failure = await Assert.ThrowsAsync<DistributedApplicationException>(() => app.WaitHealthyAsync("ghost"));
        Assert.Contains("/no/such/program", failure.Message);
    }

    [Fact]
    public async Task Environment_FollowsTheConventions()
    {
        var output = Path.GetTempFileName();
        await using var app = await StartAsync(b =>
        {
            var redis = b.AddRedis("redis");
            var secret = b.AddParameter("some-secret", secret: true);
            b.AddExecutable("printer", "/bin/sh", "/", "-c", $"env > {output}.new && mv {output}.new {output}; exec sleep 600")
                .WithReference(redis)
                .WithReference(redis.GetEndpoint("tcp"))
                .WithEnvironment("PLAIN", "value")
                .WithEnvironment("SECRET", secret)
                .WithEnvironment("CACHE", redis.GetEndpoint("tcp"));
        });
        await app.WaitHealthyAsync("redis");
        await Eventually.TrueAsync("the command's output", Eventually.Patience, () => new FileInfo(output).Length > 0);
        var lines = await File.ReadAllLinesAsync(output);
        var port = app.GetEndpoint("redis").Port;
        Assert.Contains($"ConnectionStrings__redis=127.0.0.1:{port}", lines);
        Assert.Contains($"services__redis__tcp__0=tcp://127.0.0.1:{port}", lines);
        Assert.Contains($"CACHE=tcp://127.0.0.1:{port}", lines);
        Assert.Contains("PLAIN=value", lines);
        Assert.Contains(lines, l => l.StartsWith("SECRET=", StringComparison.Ordinal) && l.Length > 30);
        File.Delete(output);
    }

    private static async Task<DistributedApplication> StartAsync(Action<IDistributedApplicationTestingBuilder> describe)
    {
        var builder = DistributedApplicationTestingBuilder.Create();
        describe(builder);
        var app = await builder.BuildAsync();
        await app.StartAsync();
        return app;
    }

    private static ResourceEvent Latest(DistributedApplication app, string id)
    {
        Assert.True(app.ResourceNotifications.TryGetCurrentState(id, out var latest));
        return latest!;
    }

    private static object? PidOf(DistributedApplication app, string id) =>
        Latest(app, id).Snapshot.Properties.Single(p => p.Name == "pid").Value;
}
