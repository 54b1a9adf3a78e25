using Aspire.Hosting;
using Foresight.Matching.Schema;
using Foresight.Matching.Tests.Pipeline;
using Foresight.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Foresight.Matching.Tests.Stores;

/// <summary>A real Redis and a real Postgres, of these tests alone.</summary>
public class StoresFixture : IAsyncLifetime
{
    private DistributedApplication? app;

    public string Redis { get; private set; } = "";

    /// <summary>Connection string of the server's first database.</summary>
    public string Postgres { get; private set; } = "";

    public async Task InitializeAsync()
    {
        var builder = TestApplication.CreateBuilder();
        builder.AddNativeRedis("redis");
        builder.AddNativePostgres("postgres").AddDatabase("foresight");
        app = await builder.StartAsync("redis", "foresight");
        Redis = await app.ConnectionAsync("redis");
        Postgres = await app.ConnectionAsync("foresight");
    }

    public Task StopRedisAsync() => app!.KillAsync("redis");

    /// <summary>Empty, on the port it had.</summary>
    public Task StartRedisAsync() => app!.StartServerAsync("redis");

    /// <summary>As kill -9 leaves it.</summary>
    public Task KillPostgresAsync() => app!.KillAsync("postgres");

    /// <summary>With its data, on the port it had.</summary>
    public Task StartPostgresAsync() => app!.StartServerAsync("postgres");

    /// <summary>A new database with the schema in it, and its connection string.</summary>
    public async Task<string> CreateDatabaseAsync()
    {
        var name = $"t_{Guid.NewGuid():N}";
        await using (var server = NpgsqlDataSource.Create(Postgres))
        await using (var create = server.CreateCommand($"CREATE DATABASE {name}"))
            await create.ExecuteNonQueryAsync();
        var connection = new NpgsqlConnectionStringBuilder(Postgres) { Database = name }.ConnectionString;
        await using var database = NpgsqlDataSource.Create(connection);
        await new Migrator(database, NullLogger<Migrator>.Instance).MigrateAsync();
        return connection;
    }

    /// <summary>A copy of a database that nobody is connected to.</summary>
    internal async Task<NpgsqlDataSource> CloneAsync(TestCluster cluster)
    {
        var from = new NpgsqlConnectionStringBuilder(cluster.Connection);
        // Idle connections of a pool would be in the way.
        cluster.Database.Clear();
        var name = $"t_{Guid.NewGuid():N}";
        await using (var server = NpgsqlDataSource.Create(Postgres))
        await using (var create = server.CreateCommand($"CREATE DATABASE {name} TEMPLATE {from.Database}"))
            await create.ExecuteNonQueryAsync();
        return NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(Postgres) { Database = name }.ConnectionString);
    }

    public async Task DisposeAsync()
    {
        if (app is not null) await app.DisposeAsync();
    }
}

[CollectionDefinition(Name)]
public sealed class StoresCollection : ICollectionFixture<StoresFixture>
{
    public const string Name = "stores";
}

/// <summary>Its own servers, because its tests take them down.</summary>
[CollectionDefinition(Name)]
public sealed class BreakableStoresCollection : ICollectionFixture<BreakableStoresFixture>
{
    public const string Name = "breakable stores";
}

public sealed class BreakableStoresFixture : StoresFixture;
