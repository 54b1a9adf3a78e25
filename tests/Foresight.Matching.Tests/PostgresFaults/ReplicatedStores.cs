using System.Globalization;
using System.Runtime.InteropServices;
using Aspire.Hosting;
using Aspire.Hosting.Testing;
using Foresight.Matching.Schema;
using Foresight.Matching.Tests.Stores;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Foresight.Matching.Tests.PostgresFaults;

/// <summary>A Redis, a primary and its standby, for one test: what it does to them cannot be undone.</summary>
internal sealed partial class ReplicatedStores : IAsyncDisposable
{
    private const int Continue = 18, Stop = 19;

    private static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(2);

    private readonly DistributedApplication app;

    private ReplicatedStores(DistributedApplication app) => this.app = app;

    public string Redis { get; private set; } = "";
    public string Primary { get; private set; } = "";
    public string Standby { get; private set; } = "";

    public static async Task<ReplicatedStores> StartAsync(bool synchronous)
    {
        var builder = DistributedApplicationTestingBuilder.Create();
        builder.AddRedis("redis");
        var password = builder.AddParameter("postgres-password", secret: true);
        var postgres = builder.AddPostgres("postgres", password: password);
        postgres.AddDatabase("foresight");
        await builder.AddStandbyAsync(postgres, password, synchronous);
        var stores = new ReplicatedStores(await builder.BuildAsync());
        await stores.app.StartAsync();
        foreach (var name in new[] { "redis", "foresight", StreamingStandby.Name })
            await stores.app.ResourceNotifications.WaitForResourceHealthyAsync(name).WaitAsync(StartTimeout);
        stores.Redis = (await stores.app.GetConnectionStringAsync("redis"))!;
        stores.Primary = (await stores.app.GetConnectionStringAsync("foresight"))!;
        stores.Standby =
            new NpgsqlConnectionStringBuilder(stores.Primary) { Port = stores.app.GetEndpoint(StreamingStandby.Name).Port }.ConnectionString;
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

    /// <param name="command">kill, start, stop, restart.</param>
    public async Task DoAsync(string resource, string command)
    {
        var done = await app.ResourceCommands.ExecuteCommandAsync(resource, command);
        Assert.True(done.Success, $"{command} {resource}: {done.ErrorMessage}");
        if (command is "start" or "restart") await app.ResourceNotifications.WaitForResourceHealthyAsync(resource).WaitAsync(StartTimeout);
    }

    /// <summary>SIGSTOP of the server and every process of it.</summary>
    public void Freeze(string resource) => SignalAll(resource, Stop);

    public void Thaw(string resource) => SignalAll(resource, Continue);

    public Task PromoteAsync() => StreamingStandby.PromoteAsync(Standby);

    /// <summary>The first column of the first row.</summary>
    public static Task<object?> ScalarAsync(string server, string sql) => StreamingStandby.ScalarAsync(server, sql);

    public static Task ExecuteAsync(string server, string sql) => ScalarAsync(server, sql);

    public async ValueTask DisposeAsync() => await app.DisposeAsync();

    private void SignalAll(string resource, int signal)
    {
        Assert.True(app.ResourceNotifications.TryGetCurrentState(resource, out var state));
        var server = (int)state!.Snapshot.Properties.Single(property => property.Name == "pid").Value!;
        // Each process of a Postgres is in a group of its own.
        foreach (var process in Directory.EnumerateDirectories("/proc").Select(Path.GetFileName).Where(name => int.TryParse(name, out _))
            .Select(int.Parse!))
            if (process == server || ParentOf(process) == server) Assert.Equal(0, SendSignal(process, signal));
    }

    private static int? ParentOf(int process)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{process}/stat");
            return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1]);
        }
        catch (IOException)
        {
            // Ended meanwhile.
            return null;
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int SendSignal(int process, int signal);

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
