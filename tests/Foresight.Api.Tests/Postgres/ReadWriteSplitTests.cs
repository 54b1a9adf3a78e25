using System.Diagnostics.Metrics;
using Foresight.Api.Tests.Stack;
using Foresight.ServiceDefaults.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using NpgsqlTypes;

namespace Foresight.Api.Tests.Postgres;

/// <summary>Against a real primary and a real streaming replica, whose replay is paused and which is killed.</summary>
[Collection(ApiStackCollection.Name)]
public sealed class ReadWriteSplitTests(ApiStack stack) : IAsyncLifetime
{
    private static readonly PostgresOptions Options = new(TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(1), 64 * 1024);

    private readonly ServiceProvider services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private Database database = null!;
    private ReplicaMonitor monitor = null!;

    public async Task InitializeAsync()
    {
        // Two ways to one replica: for the split they are two.
        database = new Database(
            ServerOf("primary", isPrimary: true, 0, stack.PrimaryConnection),
            [ServerOf("replica-1", isPrimary: false, 1, stack.ReplicaConnection), ServerOf(
                "replica-2", isPrimary: false, 2, stack.ReplicaConnection)],
            services.GetRequiredService<IMeterFactory>(), TimeProvider.System, NullLogger<Database>.Instance);
        monitor = new ReplicaMonitor(database, Options, TimeProvider.System, NullLogger<ReplicaMonitor>.Instance);
        await Eventually.TrueAsync("both are in use", TimeSpan.FromSeconds(30), async () =>
        {
            await monitor.CheckOnceAsync(CancellationToken.None);
            return database.Replicas.All(replica => replica.IsHealthy);
        });
        await stack.ExecuteAsync("CREATE TABLE IF NOT EXISTS written (n int)");
    }

    public async Task DisposeAsync()
    {
        await database.DisposeAsync();
        await database.Primary.Source.DisposeAsync();
        await services.DisposeAsync();
    }

    [Fact]
    public async Task Reads_AreSharedByWeight_AndThePrimaryHasNone()
    {
        for (var i = 0; i < 3_000; i++) await ReadAsync("SELECT 1");
        Assert.Equal((1_000L, 2_000L, 0L), (database.Replicas[0].Reads, database.Replicas[1].Reads, database.Primary.Reads));
    }

    [Fact]
    public async Task AReadAfterAWrite_SeesIt_WhileReplayStandsStill()
    {
        await OnReplicaAsync("SELECT pg_wal_replay_pause()");
        try
        {
            await stack.ExecuteAsync("INSERT INTO written VALUES (1)");
            var count = await stack.ScalarAsync<long>("SELECT count(*) FROM written");
            var after = await stack.ScalarAsync<NpgsqlLogSequenceNumber>("SELECT pg_current_wal_lsn()");
            Assert.Equal(count, await ReadAsync("SELECT count(*) FROM written", after));
            Assert.Equal((1L, 0L), (database.Primary.Reads, database.Replicas.Sum(replica => replica.Reads)));
            Assert.NotEqual(count, await ReadAsync("SELECT count(*) FROM written"));
        }
        finally
        {
            await OnReplicaAsync("SELECT pg_wal_replay_resume()");
        }
    }

    [Fact]
    public async Task AReplicaThatHasReplayedTheWrite_AnswersTheReadAfterIt()
    {
        await stack.ExecuteAsync("INSERT INTO written VALUES (2)");
        var count = await stack.ScalarAsync<long>("SELECT count(*) FROM written");
        var after = await stack.ScalarAsync<NpgsqlLogSequenceNumber>("SELECT pg_current_wal_lsn()");
        await Eventually.TrueAsync("a replica answers", TimeSpan.FromSeconds(20), async () =>
        {
            Assert.Equal(count, await ReadAsync("SELECT count(*) FROM written", after));
            return database.Replicas.Any(replica => replica.Reads > 0);
        });
    }

    [Fact]
    public async Task AReplicaThatFallsBehind_IsOutWithinThreeChecks_AndBackWithOne()
    {
        await OnReplicaAsync("SELECT pg_wal_replay_pause()");
        try
        {
            await stack.ExecuteAsync("INSERT INTO written SELECT generate_series(1, 5000)");
            await Eventually.TrueAsync("it is out", TimeSpan.FromSeconds(10), async () =>
            {
                await monitor.CheckOnceAsync(CancellationToken.None);
                return database.Replicas.All(replica => !replica.IsHealthy);
            });
            var view = database.Replicas[0].View();
            Assert.True(view.LagBytes > Options.MaxLagBytes);
            Assert.Equal("too far behind the primary", view.Error);
            await ReadAsync("SELECT 1");
            Assert.Equal(1, database.Primary.Reads);
        }
        finally
        {
            await OnReplicaAsync("SELECT pg_wal_replay_resume()");
        }

        await Eventually.TrueAsync("it is back", TimeSpan.FromSeconds(20), async () =>
        {
            await monitor.CheckOnceAsync(CancellationToken.None);
            return database.Replicas.All(replica => replica.IsHealthy);
        });
    }

    /// <summary>Asked alone it looks as if it had everything: it has replayed all that it received.</summary>
    [Fact]
    public async Task AReplicaThatReceivesNoMore_IsOut_AndAReadAfterAWriteSeesIt()
    {
        await using var source = NpgsqlDataSource.Create(stack.ReplicaConnection);
        await using var receiver = source.CreateCommand("SELECT pid FROM pg_stat_wal_receiver");
        var process = (int)(await receiver.ExecuteScalarAsync())!;
        using (new FrozenProcesses(process))
        {
            await stack.ExecuteAsync("INSERT INTO written SELECT generate_series(1, 5000)");
            var count = await stack.ScalarAsync<long>("SELECT count(*) FROM written");
            var after = await stack.ScalarAsync<NpgsqlLogSequenceNumber>("SELECT pg_current_wal_lsn()");
            Assert.Equal(count, await ReadAsync("SELECT count(*) FROM written", after));
            await using var looksFine = source.CreateCommand("SELECT pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn()");
            Assert.Equal(true, await looksFine.ExecuteScalarAsync());
            await Eventually.TrueAsync("it is out", TimeSpan.FromSeconds(10), async () =>
            {
                await monitor.CheckOnceAsync(CancellationToken.None);
                return database.Replicas.All(replica => !replica.IsHealthy);
            });
            Assert.Equal(count, await ReadAsync("SELECT count(*) FROM written"));
        }

        await Eventually.TrueAsync("it is back", TimeSpan.FromSeconds(20), async () =>
        {
            await monitor.CheckOnceAsync(CancellationToken.None);
            return database.Replicas.All(replica => replica.IsHealthy);
        });
    }

    [Fact]
    public async Task AReplicaThatDies_CostsNoReader_AndComesBack()
    {
        await ReadAsync("SELECT 1");
        await stack.KillAsync("postgres-replica");
        try
        {
            for (var i = 0; i < 50; i++) Assert.Equal(1, await ReadAsync("SELECT 1"));
            Assert.All(database.Replicas, replica => Assert.False(replica.IsHealthy));
            Assert.All(database.Replicas, replica => Assert.True(replica.View().ConsecutiveFailures >= 3));
        }
        finally
        {
            await stack.StartServerAsync("postgres-replica");
        }

        await Eventually.TrueAsync("it is back", TimeSpan.FromSeconds(30), async () =>
        {
            await monitor.CheckOnceAsync(CancellationToken.None);
            return database.Replicas.All(replica => replica.IsHealthy);
        });
    }

    [Fact]
    public async Task AWrongQuery_IsNotTriedElsewhere() =>
        Assert.Equal("42P01", (await Assert.ThrowsAsync<PostgresException>(() => ReadAsync("SELECT * FROM nothing"))).SqlState);

    private Task<object?> ReadAsync(string sql, NpgsqlLogSequenceNumber? after = null) =>
        database.ReadAsync("test", after, async (connection, cancellation) =>
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync(cancellation);
    }, CancellationToken.None);

    private async Task OnReplicaAsync(string sql)
    {
        await using var source = NpgsqlDataSource.Create(stack.ReplicaConnection);
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    private static Server ServerOf(string name, bool isPrimary, int weight, string connection) =>
        new(name, isPrimary, weight, NpgsqlDataSource.Create(connection), new NpgsqlConnectionStringBuilder(connection));
}
