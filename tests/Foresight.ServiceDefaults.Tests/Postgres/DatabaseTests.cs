using System.Diagnostics.Metrics;
using Foresight.ServiceDefaults.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using NpgsqlTypes;

namespace Foresight.ServiceDefaults.Tests.Postgres;

[Collection(ServersCollection.Name)]
public sealed class DatabaseTests(Servers servers) : IAsyncLifetime
{
    private static readonly PostgresOptions Options = new(TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(1), 64 * 1024);

    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private Database _database = null!;
    private ReplicaMonitor _monitor = null!;

    public async Task InitializeAsync()
    {
        // Two addresses of one replica, because the split takes them for two replicas.
        _database = new Database(
            ServerOf("primary", isPrimary: true, 0, servers.Postgres),
            [ServerOf("replica-1", isPrimary: false, 1, servers.Standby!), ServerOf("replica-2", isPrimary: false, 2, servers.Standby!)],
            _services.GetRequiredService<IMeterFactory>(),
            TimeProvider.System,
            NullLogger<Database>.Instance
        );
        _monitor = new ReplicaMonitor(_database, Options, TimeProvider.System, NullLogger<ReplicaMonitor>.Instance);
        await ReplicasBecomeAsync(healthy: true, TimeSpan.FromSeconds(30));
        await servers.ExecuteAsync("CREATE TABLE IF NOT EXISTS written (n int)");
    }

    public async Task DisposeAsync()
    {
        await _database.DisposeAsync();
        await _database.Primary.Source.DisposeAsync();
        await _services.DisposeAsync();
    }

    [Fact]
    public async Task Reads_AreSharedByWeight_AndThePrimaryHasNone()
    {
        for (var i = 0; i < 3_000; i++)
            await ReadAsync("SELECT 1");
        Assert.Equal((1_000L, 2_000L, 0L), (_database.Replicas[0].Reads, _database.Replicas[1].Reads, _database.Primary.Reads));
    }

    [Fact]
    [Trait("Category", "Console")]
    public async Task AReplicaOutOfRotation_IsReadNoMore_AndWithoutAnotherThePrimaryIs()
    {
        _database.Replicas[1].IsOut = true;
        for (var i = 0; i < 30; i++)
            await ReadAsync("SELECT 1");
        Assert.Equal((30L, 0L, 0L), (_database.Replicas[0].Reads, _database.Replicas[1].Reads, _database.Primary.Reads));
        _database.Replicas[0].IsOut = true;
        await ReadAsync("SELECT 1");
        Assert.Equal((30L, 0L, 1L), (_database.Replicas[0].Reads, _database.Replicas[1].Reads, _database.Primary.Reads));
        // It is checked all the same, so that it is known to be fit before it is put in again.
        await _monitor.CheckOnceAsync(CancellationToken.None);
        Assert.Equal((true, true), (_database.Status().Replicas[0].Healthy, _database.Status().Replicas[0].IsOut));
        _database.Replicas[1].IsOut = false;
        await ReadAsync("SELECT 1");
        Assert.Equal(1L, _database.Replicas[1].Reads);
    }

    [Fact]
    public async Task WhatNoServerHas_IsSoughtOnceOnThePrimary_WithAReplicaOrWithout()
    {
        Assert.Null(await FindNothingAsync());
        Assert.Equal((1L, 1L), (_database.Primary.Reads, _database.Replicas.Sum(replica => replica.Reads)));
        foreach (var replica in _database.Replicas)
            replica.IsOut = true;
        Assert.Null(await FindNothingAsync());
        Assert.Equal((2L, 1L), (_database.Primary.Reads, _database.Replicas.Sum(replica => replica.Reads)));

        Task<string?> FindNothingAsync() =>
            _database.FindAsync("test", after: null, (_, _) => Task.FromResult<string?>(null), CancellationToken.None);
    }

    [Fact]
    public async Task AReadAfterAWrite_SeesIt_WhileReplayStandsStill()
    {
        await OnReplicaAsync("SELECT pg_wal_replay_pause()");
        try
        {
            await servers.ExecuteAsync("INSERT INTO written VALUES (1)");
            var count = await servers.ScalarAsync<long>("SELECT count(*) FROM written");
            var after = await servers.ScalarAsync<NpgsqlLogSequenceNumber>("SELECT pg_current_wal_lsn()");
            Assert.Equal(count, await ReadAsync("SELECT count(*) FROM written", after));
            Assert.Equal((1L, 0L), (_database.Primary.Reads, _database.Replicas.Sum(replica => replica.Reads)));
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
        await servers.ExecuteAsync("INSERT INTO written VALUES (2)");
        var count = await servers.ScalarAsync<long>("SELECT count(*) FROM written");
        var after = await servers.ScalarAsync<NpgsqlLogSequenceNumber>("SELECT pg_current_wal_lsn()");
        await Eventually.TrueAsync(
            "a replica answers",
            TimeSpan.FromSeconds(20),
            async () =>
            {
                Assert.Equal(count, await ReadAsync("SELECT count(*) FROM written", after));
                return _database.Replicas.Any(replica => replica.Reads > 0);
            }
        );
    }

    [Fact]
    public async Task AReplicaThatFallsBehind_IsOutWithinThreeChecks_AndBackWithOne()
    {
        await OnReplicaAsync("SELECT pg_wal_replay_pause()");
        try
        {
            await servers.ExecuteAsync("INSERT INTO written SELECT generate_series(1, 5000)");
            await ReplicasBecomeAsync(healthy: false, TimeSpan.FromSeconds(10));
            var view = _database.Replicas[0].View();
            Assert.True(view.LagBytes > Options.MaxLagBytes);
            Assert.Equal("too far behind the primary", view.Error);
            await ReadAsync("SELECT 1");
            Assert.Equal(1, _database.Primary.Reads);
        }
        finally
        {
            await OnReplicaAsync("SELECT pg_wal_replay_resume()");
        }

        await ReplicasBecomeAsync(healthy: true, TimeSpan.FromSeconds(20));
    }

    /// <summary>On its own it looks current, because it has replayed everything that it received.</summary>
    [Fact]
    public async Task AReplicaThatReceivesNoMore_IsOut_AndAReadAfterAWriteSeesIt()
    {
        await using var source = NpgsqlDataSource.Create(servers.Standby!);
        await using var receiver = source.CreateCommand("SELECT pid FROM pg_stat_wal_receiver");
        var process = (int)(await receiver.ExecuteScalarAsync())!;
        using (new FrozenProcesses(process))
        {
            await servers.ExecuteAsync("INSERT INTO written SELECT generate_series(1, 5000)");
            var count = await servers.ScalarAsync<long>("SELECT count(*) FROM written");
            var after = await servers.ScalarAsync<NpgsqlLogSequenceNumber>("SELECT pg_current_wal_lsn()");
            Assert.Equal(count, await ReadAsync("SELECT count(*) FROM written", after));
            await using var looksFine = source.CreateCommand("SELECT pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn()");
            Assert.Equal(true, await looksFine.ExecuteScalarAsync());
            await ReplicasBecomeAsync(healthy: false, TimeSpan.FromSeconds(10));
            Assert.Equal(count, await ReadAsync("SELECT count(*) FROM written"));
        }

        await ReplicasBecomeAsync(healthy: true, TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task AReplicaThatDies_CostsNoReader_AndComesBack()
    {
        await ReadAsync("SELECT 1");
        await servers.KillAsync(StreamingStandby.Name);
        try
        {
            for (var i = 0; i < 50; i++)
                Assert.Equal(1, await ReadAsync("SELECT 1"));
            Assert.All(_database.Replicas, replica => Assert.False(replica.IsHealthy));
            Assert.All(_database.Replicas, replica => Assert.True(replica.View().ConsecutiveFailures >= 3));
        }
        finally
        {
            await servers.StartAgainAsync(StreamingStandby.Name);
        }

        await ReplicasBecomeAsync(healthy: true, TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task AWrongQuery_IsNotTriedElsewhere() =>
        Assert.Equal("42P01", (await Assert.ThrowsAsync<PostgresException>(() => ReadAsync("SELECT * FROM nothing"))).SqlState);

    /// <summary>Without a check: they are far apart, and nothing reads.</summary>
    [Fact]
    public async Task AReplicaThatHangs_IsOutWithinSeconds_AndComesBackByItself()
    {
        using var pulse = NewPulse();
        await pulse.StartAsync(CancellationToken.None);
        using (servers.Freeze(StreamingStandby.Name))
            await Eventually.TrueAsync("they are out", Eventually.Patience, () => !_database.Replicas.Any(replica => replica.IsHealthy));
        await Eventually.TrueAsync("they are back", Eventually.Patience, () => _database.Replicas.All(replica => replica.IsHealthy));
        Assert.True(_database.Primary.IsHealthy);
        await pulse.StopAsync(CancellationToken.None);
    }

    /// <summary>The checks, half a minute apart, see no lag that is shorter than that.</summary>
    [Fact]
    [Trait("Category", "Console")]
    public async Task AReplicaThatLags_IsOutWithinSeconds_WithoutACheck_AndComesBackByItself()
    {
        using var pulse = NewPulse();
        await pulse.StartAsync(CancellationToken.None);
        await OnReplicaAsync("SELECT pg_wal_replay_pause()");
        try
        {
            await Eventually.TrueAsync(
                "they are out, by a lag of seconds",
                Eventually.Patience,
                async () =>
                {
                    await servers.ExecuteAsync("INSERT INTO written VALUES (1)");
                    return _database.Replicas.All(replica => !replica.IsHealthy && replica.View().LagSeconds > 2);
                }
            );
        }
        finally
        {
            await OnReplicaAsync("SELECT pg_wal_replay_resume()");
        }

        await Eventually.TrueAsync("they are back", Eventually.Patience, () => _database.Replicas.All(replica => replica.IsHealthy));
        await pulse.StopAsync(CancellationToken.None);
    }

    private ServerPulse NewPulse() =>
        new(
            _database,
            _monitor,
            server => NpgsqlDataSource.Create(ServerPulse.Settings(new(server == _database.Primary ? servers.Postgres : servers.Standby!))),
            TimeProvider.System
        );

    private Task ReplicasBecomeAsync(bool healthy, TimeSpan within) =>
        Eventually.TrueAsync(
            healthy ? "they are back" : "they are out",
            within,
            async () =>
            {
                await _monitor.CheckOnceAsync(CancellationToken.None);
                return _database.Replicas.All(replica => replica.IsHealthy == healthy);
            }
        );

    private Task<object?> ReadAsync(string sql, NpgsqlLogSequenceNumber? after = null) =>
        _database.ReadAsync(
            "test",
            after,
            async (connection, cancellationToken) =>
            {
                await using var command = new NpgsqlCommand(sql, connection);
                return await command.ExecuteScalarAsync(cancellationToken);
            },
            CancellationToken.None
        );

    private async Task OnReplicaAsync(string sql)
    {
        await using var source = NpgsqlDataSource.Create(servers.Standby!);
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    private static Server ServerOf(string name, bool isPrimary, int weight, string connection) =>
        new(name, isPrimary, weight, NpgsqlDataSource.Create(connection), new NpgsqlConnectionStringBuilder(connection));
}
