using Aspire.Hosting;
using Aspire.Hosting.Testing;
using Foresight.Matching.Schema;
using Foresight.Matching.Tests.Stores;
using Microsoft.Extensions.Logging.Abstractions;
using Foresight.Testing;
using Npgsql;
using StackExchange.Redis;

namespace Foresight.Bench.Failover;

/// <summary>A real Redis and a real Postgres on free ports, gone when the run ends.</summary>
internal sealed class FaultStores : IAsyncDisposable
{
    private readonly DistributedApplication app;

    private FaultStores(DistributedApplication app, string redis, string postgres, int? standbyPort) =>
        (this.app, Redis, Postgres, StandbyPort) = (app, redis, postgres, standbyPort);

    public string Redis { get; }

    public string Postgres { get; }

    /// <summary>Null: there is none.</summary>
    public int? StandbyPort { get; }

    public static async Task<FaultStores> StartAsync(Replication replication = Replication.None)
    {
        var builder = TestApplication.CreateBuilder();
        builder.AddNativeRedis("redis");
        var postgres = builder.AddNativePostgres("postgres");
        postgres.AddDatabase("foresight");
        string[] names = ["redis", "foresight"];
        if (replication != Replication.None)
        {
            postgres.AddReplica(StreamingStandby.Name, synchronous: replication == Replication.Synchronous);
            names = [.. names, StreamingStandby.Name];
        }

        var app = await builder.StartAsync(names);
        var stores = new FaultStores(
            app, await app.ConnectionAsync("redis"), await app.ConnectionAsync("foresight"),
            replication == Replication.None ? null : app.GetEndpoint(StreamingStandby.Name, "tcp").Port);
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

    public Task KillRedisAsync() => app.KillAsync("redis");

    /// <summary>Empty, on the port it had.</summary>
    public Task StartRedisAsync() => app.StartServerAsync("redis");

    /// <summary>As kill -9 leaves it.</summary>
    public Task KillPostgresAsync() => app.KillAsync("postgres");

    /// <summary>With its data, on the port it had.</summary>
    public Task StartPostgresAsync() => app.StartServerAsync("postgres");

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
