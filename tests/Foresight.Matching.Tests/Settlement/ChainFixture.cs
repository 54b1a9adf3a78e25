using System.Text.Json.Nodes;
using Aspire.Hosting;
using Aspire.Hosting.Testing;
using Foresight.AppHost;
using Foresight.Chain;
using Foresight.Chain.Rpc;
using Foresight.Matching.Schema;
using Foresight.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Foresight.Matching.Tests.Settlement;

/// <summary>A real Postgres, Redis and development chain. The chain mines when it is told to, so that tests decide what is in which block.</summary>
public sealed class ChainFixture : IAsyncLifetime
{
    private readonly HttpClient http = new(new SocketsHttpHandler { UseProxy = false });
    private DistributedApplication? app;
    private string postgres = "";

    public string Redis { get; private set; } = "";

    public Uri Rpc { get; private set; } = null!;

    public EthereumClient Client { get; private set; } = null!;

    public HttpNodeClient Transport => new(http, Rpc, TimeSpan.FromSeconds(10));

    public async Task InitializeAsync()
    {
        var builder = TestApplication.CreateBuilder();
        builder.AddNativeRedis("redis");
        builder.AddNativePostgres("postgres").AddDatabase("foresight");
        builder.AddNativeChain("chain").WithArgs(ChainCommand.Options);
        app = await builder.StartAsync("redis", "foresight", "chain");
        Redis = (await app.GetConnectionStringAsync("redis"))!;
        postgres = (await app.GetConnectionStringAsync("foresight"))!;
        Rpc = app.GetEndpoint("chain");
        Client = new EthereumClient(Transport);
    }

    /// <summary>A new database with the schema in it.</summary>
    public async Task<NpgsqlDataSource> CreateDatabaseAsync()
    {
        var name = $"t_{Guid.NewGuid():N}";
        await using (var server = NpgsqlDataSource.Create(postgres))
        await using (var create = server.CreateCommand($"CREATE DATABASE {name}"))
            await create.ExecuteNonQueryAsync();
        var database = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(postgres) { Database = name, MaxPoolSize = 8, IncludeErrorDetail = true }.ConnectionString);
        await new Migrator(database, NullLogger<Migrator>.Instance).MigrateAsync();
        return database;
    }

    /// <summary>For a program that connects to it itself; a data source does not tell its password.</summary>
    public string ConnectionStringOf(NpgsqlDataSource database)
        => new NpgsqlConnectionStringBuilder(postgres) { Database = new NpgsqlConnectionStringBuilder(database.ConnectionString).Database }.ConnectionString;

    public async Task<string> RequestAsync(string method, params JsonNode?[] parameters)
        => (await Client.RequestAsync(new RpcRequest(method, parameters))).ToString();

    /// <summary>On: a transaction is mined as it comes. Off: only <see cref="MineAsync"/> mines.</summary>
    public Task AutomineAsync(bool on) => RequestAsync("evm_setAutomine", on);

    public Task MineAsync(int blocks = 1) => RequestAsync("anvil_mine", Hex.EncodeQuantity(blocks));

    public async Task DisposeAsync()
    {
        http.Dispose();
        if (app is not null) await app.DisposeAsync();
    }
}

[CollectionDefinition(Name)]
public sealed class ChainCollection : ICollectionFixture<ChainFixture>
{
    public const string Name = "chain";
}
