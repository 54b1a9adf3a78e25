using Aspire.Hosting;
using Aspire.Hosting.Testing;
using Foresight.AppHost;
using Foresight.Matching.Tests.Stores;
using Foresight.Testing;
using Npgsql;

namespace Foresight.Bench.Stack;

/// <summary>Redis, Postgres and a development chain on free ports, gone when the run ends. The only place that knows how they are started.</summary>
internal sealed class Servers : IAsyncDisposable
{
    private readonly DistributedApplication _app;

    private Servers(DistributedApplication app, string redis, string postgres, bool replica)
    {
        (_app, Redis, Postgres, Chain) = (app, redis, postgres, app.GetEndpoint("chain"));
        if (replica)
            Replica = new NpgsqlConnectionStringBuilder(postgres) { Port = app.GetEndpoint(StreamingStandby.Name, "tcp").Port }.ConnectionString;
    }

    public string Redis { get; }

    public string Postgres { get; }

    /// <summary>A streaming replica, or null.</summary>
    public string? Replica { get; }

    public Uri Chain { get; }

    /// <param name="chainArguments">For anvil, after those that every development chain has.</param>
    public static async Task<Servers> StartAsync(string chainArguments, bool replica = false)
    {
        var builder = TestApplication.CreateBuilder();
        builder.AddNativeRedis("redis");
        var postgres = builder.AddNativePostgres("postgres");
        postgres.AddDatabase("foresight");
        builder.AddNativeChain("chain").WithArgs([.. ChainCommand.Options, .. chainArguments.Split(' ')]);
        if (replica) postgres.AddReplica(StreamingStandby.Name);
        var app = await builder.StartAsync(["redis", "foresight", "chain", .. replica ? new[] { StreamingStandby.Name } : []]);
        return new Servers(app, await app.ConnectionAsync("redis"), await app.ConnectionAsync("foresight"), replica);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
