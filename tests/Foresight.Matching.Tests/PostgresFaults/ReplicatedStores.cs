using System.Globalization;
using Aspire.Hosting;
using Foresight.Matching.Schema;
using Foresight.Matching.Tests.Stores;
using Foresight.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Foresight.Matching.Tests.PostgresFaults;

/// <summary>A Redis, a primary and its standby, for one test: what it does to them cannot be undone.</summary>
internal sealed class ReplicatedStores : IAsyncDisposable
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(2);

    private readonly DistributedApplication app;

    private ReplicatedStores(DistributedApplication app) => this.app = app;

    public string Redis { get; private set; } = "";
    public string Primary { get; private set; } = "";
    public string Standby { get; private set; } = "";

    public static async Task<ReplicatedStores> StartAsync(bool synchronous)
    {
        var builder = TestApplication.CreateBuilder();
        builder.AddNativeRedis("redis");
        var postgres = builder.AddNativePostgres("postgres");
        postgres.AddDatabase("foresight");
        postgres.AddReplica(StreamingStandby.Name, synchronous);
        var stores = new ReplicatedStores(await builder.StartAsync("redis", "foresight", StreamingStandby.Name));
        stores.Redis = await stores.app.ConnectionAsync("redis");
        stores.Primary = await stores.app.ConnectionAsync("foresight");
        stores.Standby = $"{await stores.app.ConnectionAsync(StreamingStandby.Name)};Database=foresight";
        await stores.MigrateAsync();
        if (synchronous)
            await Eventually.TrueAsync("the standby is synchronous", StartTimeout, () => StreamingStandby.IsSynchronousAsync(stores.Primary));
        return stores;
    }

    /// <summary>What every node of the cluster is told.</summary>
    public Dictionary<string, string?> Settings(int leaseMs = 3000) => new()
    {
        ["ConnectionStrings:redis"] = Redis,
        ["ConnectionStrings:foresight"] = Primary,
        ["DATABASE_REPLICA_1_URL"] = Standby,
        ["REDIS_KEY_PREFIX"] = $"{Guid.NewGuid():N}:",
        ["CLUSTER_SECRET"] = "a secret of these tests",
        ["LEASE_TTL_MS"] = leaseMs.ToString(CultureInfo.InvariantCulture),
        ["LEASE_RENEW_MS"] = "600",
        ["LEASE_POLL_MS"] = "100",
        ["LEASE_MARGIN_MS"] = "300",
    };

    public Task KillAsync(string resource) => app.KillAsync(resource);

    public Task StopAsync(string resource) => app.StopServerAsync(resource);

    public Task StartAgainAsync(string resource) => app.StartServerAsync(resource);

    /// <summary>SIGSTOP of the server and every process of it.</summary>
    public IDisposable Freeze(string resource) => app.Freeze(resource);

    public Task PromoteAsync() => StreamingStandby.PromoteAsync(Standby);

    /// <summary>The first column of the first row.</summary>
    public static Task<object?> ScalarAsync(string server, string sql) => StreamingStandby.ScalarAsync(server, sql);

    public static Task ExecuteAsync(string server, string sql) => ScalarAsync(server, sql);

    public async ValueTask DisposeAsync() => await app.DisposeAsync();

    private async Task MigrateAsync()
    {
        await using var database = NpgsqlDataSource.Create(Primary);
        await new Migrator(database, NullLogger<Migrator>.Instance).MigrateAsync();
        await using var markets = database.CreateCommand(
            """
            INSERT INTO markets (market_id, address, question, outcomes, tick_size) VALUES
                (1, decode(repeat('a1', 20), 'hex'), 'Will it?', ARRAY['yes', 'no'], 1)
            """);
        await markets.ExecuteNonQueryAsync();
    }
}
