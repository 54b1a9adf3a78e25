using Aspire.Hosting;
using Aspire.Hosting.Testing;
using Foresight.AppHost;
using Foresight.Matching.Schema;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Foresight.Testing;

/// <summary>Of a Postgres to its standby.</summary>
public enum Replication
{
    None,
    Asynchronous,
    Synchronous,
}

/// <summary>
/// A real Redis and a real Postgres, with a standby and a development chain if they are asked for, on free ports; gone at the end.
/// </summary>
/// <param name="chain">Arguments of anvil, after those that every development chain has; null: there is no chain.</param>
public class TestStores(Replication replication = Replication.None, string? chain = null) : IAsyncDisposable
{
    private DistributedApplication? _application;

    public string Redis { get; private set; } = "";

    /// <summary>Connection string of the primary's first database.</summary>
    public string Postgres { get; private set; } = "";

    /// <summary>The same database at the standby; null: there is none.</summary>
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

    /// <summary>A database of the primary, at the standby.</summary>
    public string StandbyOf(string connection) =>
        new NpgsqlConnectionStringBuilder(connection)
        {
            Port = Application.GetEndpoint(StreamingStandby.Name, "tcp").Port,
        }.ConnectionString;

    /// <summary>As kill -9 leaves it.</summary>
    public Task KillAsync(string server) => Application.KillAsync(server);

    /// <summary>On the port it had, Postgres with its data and Redis without.</summary>
    public Task StartAgainAsync(string server) => Application.StartServerAsync(server);

    /// <summary>SIGSTOP of the server and every process of it.</summary>
    public IDisposable Freeze(string server) => Application.Freeze(server);

    /// <summary>A new database with the schema in it, or the copy of one that nobody is connected to; its connection string.</summary>
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

    /// <summary>Of a matching node: a cluster of its own, whose leases are short.</summary>
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
