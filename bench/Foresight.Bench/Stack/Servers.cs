using Aspire.Hosting;
using Aspire.Hosting.Testing;
using Foresight.AppHost;
using Foresight.Matching.Tests.Stores;
using Npgsql;

namespace Foresight.Bench.Stack;

/// <summary>Redis, Postgres and a development chain on free ports, gone when the run ends. The only place that knows how they are started.</summary>
internal sealed class Servers : IAsyncDisposable
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(3);

    private readonly DistributedApplication _app;

    private Servers(DistributedApplication app, string redis, string postgres, bool replica)
    {
        (_app, Redis, Postgres, Chain) = (app, redis, postgres, app.GetEndpoint("chain"));
        if (replica)
            Replica = new NpgsqlConnectionStringBuilder(postgres) { Port = app.GetEndpoint(StreamingStandby.Name).Port }.ConnectionString;
    }

    public string Redis { get; }

    public string Postgres { get; }

    /// <summary>A streaming replica, or null.</summary>
    public string? Replica { get; }

    public Uri Chain { get; }

    /// <param name="chainArguments">For anvil, after those that every development chain has.</param>
    public static async Task<Servers> StartAsync(string chainArguments, bool replica = false)
    {
        var builder = DistributedApplicationTestingBuilder.Create();
        builder.AddRedis("redis");
        var password = builder.AddParameter("postgres-password", secret: true);
        var postgres = builder.AddPostgres("postgres", password: password);
        postgres.AddDatabase("foresight");
        builder.AddContainer("chain", "foundry", "v1.7.1").WithArgs($"{ChainCommand.Anvil} {chainArguments}").WithHttpEndpoint(name: "http");
        if (replica) await builder.AddStandbyAsync(postgres, password, synchronous: false);
        var app = await builder.BuildAsync();
        await app.StartAsync();
        foreach (var name in (string[])["redis", "foresight", "chain", .. replica ? new[] { StreamingStandby.Name } : []])
            await app.ResourceNotifications.WaitForResourceHealthyAsync(name).WaitAsync(StartTimeout);
        return new Servers(
            app, (await app.GetConnectionStringAsync("redis"))!, (await app.GetConnectionStringAsync("foresight"))!, replica);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
