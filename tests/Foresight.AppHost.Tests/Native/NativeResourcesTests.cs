using System.Net.Http.Json;
using System.Text.Json;
using Aspire.Hosting;
using Aspire.Hosting.Testing;
using Foresight.AppHost.Native;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using StackExchange.Redis;
using Xunit;

namespace Foresight.AppHost.Tests.Native;

[Collection(ServersCollection.Name), Trait("Category", "Parts")]
public sealed class NativeResourcesTests
{
    [Fact]
    public async Task Postgres_AndItsReplica_Replicate_AlsoAfterTheReplicaWasKilledAndStopped()
    {
        await using var builder = TestApplication.CreateBuilder();
        var postgres = builder.AddNativePostgres("postgres");
        postgres.AddDatabase("foresight");
        postgres.AddReplica("postgres-replica", synchronous: true);
        await using var app = await builder.StartAsync("foresight", "postgres-replica");
        var primary = await app.ConnectionAsync("foresight");
        var replica = $"{await app.ConnectionAsync("postgres-replica")};Database=foresight";
        await Eventually.TrueAsync(
            "the replica is synchronous",
            Eventually.Patience,
            async () =>
                await ScalarAsync(primary, "SELECT sync_state FROM pg_stat_replication WHERE application_name = 'postgres-replica'")
                    is "sync"
        );
        await ScalarAsync(primary, "CREATE TABLE seen AS SELECT 42 AS n");
        Assert.Equal(true, await ScalarAsync(replica, "SELECT pg_is_in_recovery()"));
        await SeenAsync(replica, "seen");

        await app.KillAsync("postgres-replica");
        await app.StartServerAsync("postgres-replica");
        await app.StopServerAsync("postgres-replica");
        await app.StartServerAsync("postgres-replica");
        await ScalarAsync(primary, "CREATE TABLE later (n int)");
        await SeenAsync(replica, "later");
    }

    [Fact]
    public async Task Postgres_Killed_StartsAgainWithItsData()
    {
        await using var builder = TestApplication.CreateBuilder();
        builder.AddNativePostgres("postgres").AddDatabase("foresight");
        await using var app = await builder.StartAsync("foresight");
        var connection = await app.ConnectionAsync("foresight");
        await ScalarAsync(connection, "CREATE TABLE kept AS SELECT 42 AS n");

        await app.KillAsync("postgres");
        await app.StartServerAsync("postgres");
        Assert.Equal(42, await ScalarAsync(connection, "SELECT n FROM kept"));
        // A connected client must not delay a clean shutdown.
        await using var idle = new NpgsqlConnection(connection);
        await idle.OpenAsync();
        await app.StopServerAsync("postgres").WaitAsync(TimeSpan.FromSeconds(10));
    }

    [Fact]
    [Trait("Category", "Trust")]
    public async Task Redis_LetsNobodyInWithoutAPassword_AndEachRoleOnlyToItsKeysAndChannels()
    {
        await using var builder = TestApplication.CreateBuilder();
        var redis = builder.AddNativeRedis("redis");
        redis.AddUser(RedisRoles.Matching, "foresight:");
        redis.AddUser(RedisRoles.Api, "foresight:");
        await using var app = await builder.StartAsync("redis");
        var admin = await app.ConnectionAsync("redis");
        await Assert.ThrowsAsync<RedisConnectionException>(() => ConnectionMultiplexer.ConnectAsync(admin.Split(',')[0]));

        await using var matching = await ConnectionMultiplexer.ConnectAsync(await app.ConnectionAsync("redis-matching"));
        await using var api = await ConnectionMultiplexer.ConnectAsync(await app.ConnectionAsync("redis-api"));
        var (ofMatching, ofApi) = (matching.GetDatabase(), api.GetDatabase());
        Assert.True(await ofMatching.StringSetAsync("foresight:leader:x", "y"));
        Assert.Equal("y", (string?)await ofApi.StringGetAsync("foresight:leader:x"));
        await RefusedAsync(() => ofApi.StringSetAsync("foresight:leader:x", "z"));
        foreach (var (database, isDeleted) in new[] { (ofMatching, true), (ofApi, false) })
        {
            var transaction = database.CreateTransaction();
            transaction.AddCondition(Condition.StringEqual("foresight:leader:x", "y"));
            var deletion = transaction.KeyDeleteAsync("foresight:leader:x");
            if (isDeleted)
                Assert.True(await transaction.ExecuteAsync() && await deletion);
            else
                await Assert.ThrowsAnyAsync<Exception>(async () => Assert.True(await transaction.ExecuteAsync() && await deletion));
            Assert.Equal(!isDeleted, await ofMatching.KeyExistsAsync("foresight:leader:x"));
            await ofMatching.StringSetAsync("foresight:leader:x", "y");
        }

        foreach (var database in new[] { ofMatching, ofApi })
        {
            Assert.True(await database.StringSetAsync("foresight:node:n:info", "x"));
            await RefusedAsync(() => database.StringSetAsync("other:leader:x", "x"));
            await RefusedAsync(() => database.StringSetAsync("foresight:anything", "x"));
            foreach (
                var command in new[]
                {
                    "FLUSHALL",
                    "FLUSHDB",
                    "SHUTDOWN",
                    "MONITOR",
                    "EVAL while(true)do(end) 1 foresight:node:n:info",
                    "EVAL_RO return(1) 1 foresight:node:n:info",
                    "EVALSHA 0000000000000000000000000000000000000000 1 foresight:node:n:info",
                    "FCALL f 1 foresight:node:n:info",
                    "FUNCTION LIST",
                    "SCRIPT LOAD return(1)",
                    "SCRIPT FLUSH",
                    "CONFIG SET save 1",
                    "KEYS *",
                    "CLIENT PAUSE 1",
                }
            )
                await RefusedAsync(() => database.ExecuteAsync(command.Split(' ')[0], [.. command.Split(' ')[1..]]));
        }

        await using var server = await ConnectionMultiplexer.ConnectAsync(admin);
        Assert.Equal(512 * 1024 * 1024, await SettingAsync("maxmemory"));
        Assert.Equal(4 * 1024 * 1024, await SettingAsync("proto-max-bulk-len"));

        var trades = RedisChannel.Literal("foresight:ws:trades");
        await matching.GetSubscriber().PublishAsync(trades, "x");
        await api.GetSubscriber().SubscribeAsync(trades, (_, _) => { });
        await RefusedAsync(() => api.GetSubscriber().PublishAsync(trades, "x"));
        await RefusedAsync(() => api.GetSubscriber().PublishAsync(RedisChannel.Literal("foresight:cluster:leader"), "x"));
        await api.GetSubscriber().PublishAsync(RedisChannel.Literal("foresight:cluster:nodes"), "x");
        await Assert.ThrowsAnyAsync<Exception>(() => api.GetSubscriber().SubscribeAsync(RedisChannel.Literal("other:news"), (_, _) => { }));

        async Task<long> SettingAsync(string name) =>
            (long)((RedisResult[])(await server.GetDatabase().ExecuteAsync("CONFIG", "GET", name))!)[1];

        static Task RefusedAsync(Func<Task> command) => Assert.ThrowsAsync<RedisServerException>(command);
    }

    [Fact]
    public async Task Chain_Restarted_GoesOnFromItsState()
    {
        await using var builder = TestApplication.CreateBuilder();
        builder.AddNativeChain("chain").WithArgs(ChainCommand.Development);
        await using var app = await builder.StartAsync("chain");
        const string Account = "0x00000000000000000000000000000000000000aa";
        await CallAsync(app, "anvil_setBalance", Account, "0x2a");

        await app.StopServerAsync("chain");
        await app.StartServerAsync("chain");
        Assert.Equal("0x2a", await CallAsync(app, "eth_getBalance", Account, "latest"));
    }

    [Fact]
    public async Task Chain_InAFolderWithABlankAndAnApostrophe_KeepsItsState_AndAStrangersProcessIsNotKilled()
    {
        var folder = Directory.CreateTempSubdirectory("the user's folder ").FullName;
        try
        {
            await using var builder = TestApplication.CreateBuilder();
            using var state = new NativeState(folder, ephemeral: false);
            builder.Services.AddSingleton(state);
            var chain = builder.AddNativeChain("chain").WithArgs(ChainCommand.Development).Resource;
            await using var app = await builder.StartAsync("chain");
            const string Account = "0x00000000000000000000000000000000000000aa";
            await CallAsync(app, "anvil_setBalance", Account, "0x2a");
            Assert.NotNull(chain.ProcessId);

            await app.StopServerAsync("chain");
            Assert.False(File.Exists(chain.ProcessIdFile));
            // The pid file of a killed shell remains, and its number may belong to another program, which must not be taken for the chain.
            await File.WriteAllTextAsync(chain.ProcessIdFile, $"{Environment.ProcessId}\n");
            Assert.Null(chain.ProcessId);
            await app.StartServerAsync("chain");
            Assert.Equal("0x2a", await CallAsync(app, "eth_getBalance", Account, "latest"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static Task SeenAsync(string replica, string table) =>
        Eventually.TrueAsync(
            $"the replica shows {table}",
            Eventually.Patience,
            async () => await ScalarAsync(replica, $"SELECT to_regclass('{table}')::text") is string
        );

    private static async Task<string?> CallAsync(DistributedApplication app, string method, params string[] parameters)
    {
        using var client = app.CreatePlainClient("chain");
        using var response = await client.PostAsJsonAsync(
            "/",
            new
            {
                jsonrpc = "2.0",
                id = 1,
                method,
                @params = parameters,
            }
        );
        return (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("result").GetString();
    }

    private static async Task<object?> ScalarAsync(string connectionString, string sql)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false };
        await using var connection = new NpgsqlConnection(settings.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }
}
