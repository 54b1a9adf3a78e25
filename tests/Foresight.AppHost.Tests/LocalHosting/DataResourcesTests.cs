using System.Net.Http.Json;
using System.Text.Json;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Npgsql;
using Xunit;

namespace Foresight.AppHost.Tests.LocalHosting;

public sealed class DataResourcesTests
{
    [Fact]
    public async Task Postgres_ItsReplicaRedisAndTheChain_BecomeHealthyAndReplicate()
    {
        await using var builder = DistributedApplicationTestingBuilder.Create();
        builder.AddRedis("redis");
        var password = builder.AddParameter("postgres-password", secret: true);
        var postgres = builder.AddPostgres("postgres", password: password);
        postgres.AddDatabase("foresight");
        AddReplica(builder, postgres, password);
        AddChain(builder);
        await using var app = await builder.BuildAsync();
        await app.StartAsync();
        await app.WaitHealthyAsync("redis", "foresight", "postgres-replica", "chain");

        var connectionString = await app.GetConnectionStringAsync("foresight");
        await ExecuteAsync(connectionString!, "CREATE TABLE seen AS SELECT 42 AS n");
        var replica =
            new NpgsqlConnectionStringBuilder(connectionString) { Port = app.GetEndpoint("postgres-replica").Port }.ConnectionString;
        await Eventually.TrueAsync(
            "the replica shows the table", Eventually.Patience,
            async () => await ScalarAsync(replica, "SELECT to_regclass('seen')::text") is "seen");
        Assert.Equal(true, await ScalarAsync(replica, "SELECT pg_is_in_recovery()"));
    }

    [Fact]
    public async Task Replica_RestartedWithItsData_FollowsAgain()
    {
        await using var builder = DistributedApplicationTestingBuilder.Create();
        var password = builder.AddParameter("postgres-password", secret: true);
        var postgres = builder.AddPostgres("postgres", password: password);
        postgres.AddDatabase("foresight");
        AddReplica(builder, postgres, password);
        await using var app = await builder.BuildAsync();
        await app.StartAsync();
        await app.WaitHealthyAsync("foresight", "postgres-replica");

        foreach (var command in new[] { "kill", "stop" })
        {
            Assert.True((await app.ResourceCommands.ExecuteCommandAsync("postgres-replica", command)).Success);
            Assert.True((await app.ResourceCommands.ExecuteCommandAsync("postgres-replica", "start")).Success);
            await app.WaitHealthyAsync("postgres-replica");
        }

        var primary = await app.GetConnectionStringAsync("foresight");
        await ExecuteAsync(primary!, "CREATE TABLE later (n int)");
        var replica = new NpgsqlConnectionStringBuilder(primary) { Port = app.GetEndpoint("postgres-replica").Port }.ConnectionString;
        await Eventually.TrueAsync(
            "the replica follows again", Eventually.Patience,
            async () => await ScalarAsync(replica, "SELECT to_regclass('later')::text") is "later");
    }

    [Fact]
    public async Task Chain_Restarted_GoesOnFromItsState()
    {
        await using var builder = DistributedApplicationTestingBuilder.Create();
        AddChain(builder);
        await using var app = await builder.BuildAsync();
        await app.StartAsync();
        await app.WaitHealthyAsync("chain");
        const string Somebody = "0x00000000000000000000000000000000000000aa";
        await CallAsync(app, "anvil_setBalance", Somebody, "0x2a");

        Assert.True((await app.ResourceCommands.ExecuteCommandAsync("chain", "restart")).Success);
        await app.WaitHealthyAsync("chain");
        Assert.Equal("0x2a", await CallAsync(app, "eth_getBalance", Somebody, "latest"));
    }

    internal static void AddReplica(
        IDistributedApplicationTestingBuilder builder, IResourceBuilder<PostgresServerResource> postgres,
        IResourceBuilder<ParameterResource> password) =>
        builder.AddContainer("postgres-replica", "postgres", "17.6")
            .WithArgs("bash", "-c", File.ReadAllText(Path.Combine(builder.AppHostDirectory, "postgres-replica.sh")))
            .WithEndpoint(targetPort: 5432, name: "tcp")
            .WithEnvironment("PRIMARY_URL", postgres.GetEndpoint("tcp"))
            .WithEnvironment("PGPASSWORD", password)
            .WaitFor(postgres);

    private static void AddChain(IDistributedApplicationTestingBuilder builder) =>
        builder.AddContainer("chain", "foundry", "v1.7.1")
            .WithArgs(ChainCommand.Anvil + " --block-time 1 ${STATE_FILE:+--load-state $STATE_FILE}")
            .WithHttpEndpoint(name: "http");

    private static async Task<string?> CallAsync(DistributedApplication app, string method, params string[] parameters)
    {
        using var client = app.CreateHttpClient("chain");
        using var response = await client.PostAsJsonAsync("/", new { jsonrpc = "2.0", id = 1, method, @params = parameters });
        var answer = await response.Content.ReadFromJsonAsync<JsonElement>();
        return answer.GetProperty("result").GetString();
    }

    private static async Task ExecuteAsync(string connectionString, string sql)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<object?> ScalarAsync(string connectionString, string sql)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        await using var command = source.CreateCommand(sql);
        return await command.ExecuteScalarAsync();
    }
}
