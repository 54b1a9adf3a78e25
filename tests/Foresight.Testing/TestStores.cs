using Aspire.Hosting;
using Aspire.Hosting.Testing;
using Foresight.AppHost;
using Foresight.AppHost.Native;
using Foresight.Matching.Schema;
using Foresight.ServiceDefaults.Redis;
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
    public const string ClusterSecret = "a secret of these tests";

    private DistributedApplication? _application;

    public string Redis { get; private set; } = "";

    /// <summary>
    /// Tests must run with the rights that the stack gives to matching nodes: keys and channels of the default prefix only.
    /// </summary>
    public string RedisForMatching { get; private set; } = "";

    public string RedisForApi { get; private set; } = "";

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
        var redis = builder.AddNativeRedis("redis");
        var forMatching = redis.AddUser(RedisRoles.Matching, RedisSettings.DefaultKeyPrefix);
        var forApi = redis.AddUser(RedisRoles.Api, RedisSettings.DefaultKeyPrefix);
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
        RedisForMatching = await _application.ConnectionAsync(forMatching.Resource.Name);
        RedisForApi = await _application.ConnectionAsync(forApi.Resource.Name);
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

    /// <summary>
    /// Redis is empty afterwards, because it has no persistence; Postgres has its data. Both keep their ports, which nodes know.
    /// </summary>
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
            ["CLUSTER_SECRET"] = ClusterSecret,
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
