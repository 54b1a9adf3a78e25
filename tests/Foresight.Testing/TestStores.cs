using Aspire.Hosting;
using Aspire.Hosting.Testing;
using Foresight.AppHost;
using Foresight.Matching.Schema;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Foresight.Testing;

public enum Replication
{
    None,
    Asynchronous,
    Synchronous,
}

public class TestStores(Replication replication = Replication.None, string? chain = null) : IAsyncDisposable
{
    private DistributedApplication? _application;

    public string Redis { get; private set; } = "";

    public string Postgres { get; private set; } = "";

    public string? Standby { get; private set; }

    public Uri Chain { get; private set; } = null!;

    private DistributedApplication Application => _application ?? throw new InvalidOperationException("the stores have not started");

    public static async Task<TestStores> StartAsync(Replication replication = Replication.None, string? chain = null)
    {
        var stores = new TestStores(replication, chain);
        await stores.InitializeAsync();
        return stores;
    }

    public virtual async Task InitializeAsync()
    {
        var builder = TestApplication.CreateBuilder();
        List<string> names = ["redis", "foresight"];
        builder.AddNativeRedis("redis");
        var postgres = builder.AddNativePostgres("postgres");
        postgres.AddDatabase("foresight");
        if (replication != Replication.None)
        {
            postgres.AddReplica(StreamingStandby.Name, replication == Replication.Synchronous);
            names.Add(StreamingStandby.Name);
        }

        if (chain is not null)
        {
            builder.AddNativeChain("chain").WithArgs([.. ChainCommand.Options, .. chain.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);
            names.Add("chain");
        }

        _application = await builder.StartAsync([.. names]);
        Redis = await _application.ConnectionAsync("redis");
        Postgres = await _application.ConnectionAsync("foresight");
        if (chain is not null)
            Chain = _application.GetEndpoint("chain");
        if (replication != Replication.None)
            Standby = StandbyOf(Postgres);
        if (replication == Replication.Synchronous)
            await Eventually.TrueAsync(
                "the standby is synchronous",
                TestApplication.StartBound,
                () => StreamingStandby.IsSynchronousAsync(Postgres)
            );
    }

    public string StandbyOf(string connection) =>
        new NpgsqlConnectionStringBuilder(connection)
        {
            Port = Application.GetEndpoint(StreamingStandby.Name, "tcp").Port,
        }.ConnectionString;

    public Task KillAsync(string server) => Application.KillAsync(server);

    /// <summary>Restarts on the previous port: Postgres with its data, Redis empty because it has no persistence.</summary>
    public Task StartAgainAsync(string server) => Application.StartServerAsync(server);

    public IDisposable Freeze(string server) => Application.Freeze(server);

    public async Task<string> CreateDatabaseAsync(string? template = null)
    {
        var name = $"t_{Guid.NewGuid():N}";
        await StreamingStandby.ScalarAsync(Postgres, $"CREATE DATABASE {name}{(template is null ? "" : $" TEMPLATE {template}")}");
        var connection = new NpgsqlConnectionStringBuilder(Postgres) { Database = name }.ConnectionString;
        if (template is null)
            await MigrateAsync(connection);
        return connection;
    }

    public static async Task MigrateAsync(string connection)
    {
        await using var database = NpgsqlDataSource.Create(connection);
        await new Migrator(database, NullLogger<Migrator>.Instance).MigrateAsync();
    }

    public Dictionary<string, string?> NodeSettings(string connection) =>
        new()
        {
            ["ConnectionStrings:redis"] = Redis,
            ["ConnectionStrings:foresight"] = connection,
            ["REDIS_KEY_PREFIX"] = $"{Guid.NewGuid():N}:",
            ["CLUSTER_SECRET"] = "a secret of these tests",
            ["LEASE_TTL_MS"] = "3000",
            ["LEASE_RENEW_MS"] = "600",
            ["LEASE_POLL_MS"] = "100",
            ["LEASE_MARGIN_MS"] = "300",
        };

    public virtual async ValueTask DisposeAsync()
    {
        if (_application is not null)
            await _application.DisposeAsync();
    }
}
