using Aspire.Hosting;
using Aspire.Hosting.Testing;
using Foresight.Matching.Schema;
using Foresight.Matching.Tests.Stores;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using StackExchange.Redis;

namespace Foresight.Bench.Failover;

/// <summary>A real Redis and a real Postgres on free ports, gone when the run ends.</summary>
internal sealed class FaultStores : IAsyncDisposable
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(2);

    private readonly DistributedApplication app;

    private FaultStores(DistributedApplication app, string redis, string postgres, int? standbyPort) =>
        (this.app, Redis, Postgres, StandbyPort) = (app, redis, postgres, standbyPort);

    public string Redis { get; }

    public string Postgres { get; }

    /// <summary>Null: there is none.</summary>
    public int? StandbyPort { get; }

    public static async Task<FaultStores> StartAsync(Replication replication = Replication.None)
    {
        var builder = DistributedApplicationTestingBuilder.Create();
        builder.AddRedis("redis");
        var password = builder.AddParameter("postgres-password", secret: true);
        var postgres = builder.AddPostgres("postgres", password: password);
        postgres.AddDatabase("foresight");
        string[] names = ["redis", "foresight"];
        if (replication != Replication.None)
        {
            await builder.AddStandbyAsync(postgres, password, synchronous: replication == Replication.Synchronous);
            names = [.. names, StreamingStandby.Name];
        }

        var app = await builder.BuildAsync();
        await app.StartAsync();
        foreach (var name in names) await app.ResourceNotifications.WaitForResourceHealthyAsync(name).WaitAsync(StartTimeout);
        var stores = new FaultStores(
            app, (await app.GetConnectionStringAsync("redis"))!, (await app.GetConnectionStringAsync("foresight"))!,
            replication == Replication.None ? null : app.GetEndpoint(StreamingStandby.Name).Port);
        if (replication == Replication.Synchronous)
            await FaultCluster.UntilAsync("the standby is synchronous", () => StreamingStandby.IsSynchronousAsync(stores.Postgres));
        return stores;
    }

    /// <summary>A new database with the schema in it, and its connection string.</summary>
    public async Task<string> CreateDatabaseAsync()
    {
        var name = $"bench_{Guid.NewGuid():N}";
        await using (var server = NpgsqlDataSource.Create(Postgres))
        await using (var create = server.CreateCommand($"CREATE DATABASE {name}"))
            await create.ExecuteNonQueryAsync();
        var connection = new NpgsqlConnectionStringBuilder(Postgres) { Database = name }.ConnectionString;
        await using var database = NpgsqlDataSource.Create(connection);
        await new Migrator(database, NullLogger<Migrator>.Instance).MigrateAsync();
        return connection;
    }

    public Task KillRedisAsync() => app.ResourceCommands.ExecuteCommandAsync("redis", "kill");

    /// <summary>Empty, on the port it had.</summary>
    public Task StartRedisAsync() => app.ResourceCommands.ExecuteCommandAsync("redis", "start");

    /// <summary>As kill -9 leaves it.</summary>
    public Task KillPostgresAsync() => app.ResourceCommands.ExecuteCommandAsync("postgres", "kill");

    /// <summary>With its data, on the port it had.</summary>
    public async Task StartPostgresAsync()
    {
        await app.ResourceCommands.ExecuteCommandAsync("postgres", "start");
        await app.ResourceNotifications.WaitForResourceHealthyAsync("foresight").WaitAsync(StartTimeout);
    }

    public async Task<int> RedisProcessIdAsync()
    {
        using var redis = await ConnectAsync();
        var server = await redis.GetServer(redis.GetEndPoints()[0]).InfoAsync("server");
        return int.Parse(server.SelectMany(group => group).Single(pair => pair.Key == "process_id").Value);
    }

    /// <summary>As an operator's <c>CLIENT PAUSE</c>: every command of every client waits.</summary>
    public async Task PauseRedisAsync(TimeSpan duration)
    {
        using var redis = await ConnectAsync();
        await redis.GetDatabase().ExecuteAsync("CLIENT", "PAUSE", (long)duration.TotalMilliseconds, "ALL");
    }

    public async ValueTask DisposeAsync() => await app.DisposeAsync();

    private Task<ConnectionMultiplexer> ConnectAsync() => ConnectionMultiplexer.ConnectAsync($"{Redis},allowAdmin=true");
}
