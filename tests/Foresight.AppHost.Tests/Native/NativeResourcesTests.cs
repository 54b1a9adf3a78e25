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
    public async Task Redis_LetsNobodyInWithoutAPassword_AndARoleOnlyToItsPrefix()
    {
        await using var builder = TestApplication.CreateBuilder();
        builder.AddNativeRedis("redis").AddUser("matching", "foresight:");
        await using var app = await builder.StartAsync("redis");
        var admin = await app.ConnectionAsync("redis");
        await Assert.ThrowsAsync<RedisConnectionException>(() => ConnectionMultiplexer.ConnectAsync(admin.Split(',')[0]));

        await using var role = await ConnectionMultiplexer.ConnectAsync(await app.ConnectionAsync("redis-matching"));
        var database = role.GetDatabase();
        Assert.True(await database.StringSetAsync("foresight:lease", "x"));
        Assert.Equal("x", (string?)await database.ScriptEvaluateAsync("return redis.call('get', KEYS[1])", ["foresight:lease"]));
        await role.GetSubscriber().SubscribeAsync(RedisChannel.Literal("foresight:news"));
        await Assert.ThrowsAsync<RedisServerException>(() => database.StringSetAsync("other:lease", "x"));
        await Assert.ThrowsAsync<RedisServerException>(() => database.ExecuteAsync("FLUSHALL"));
        await Assert.ThrowsAnyAsync<Exception>(() => role.GetSubscriber().SubscribeAsync(RedisChannel.Literal("other:news")));
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
            // The pid file of a killed shell, with a number that another program has now.
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
