using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Foresight.AppHost;
using Foresight.AppHost.Native;
using Foresight.Chain;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Redis;
using Npgsql;

namespace Foresight.Api.Tests.Stack;

/// <summary>
/// An Api node in its own process with a real Redis, Postgres and streaming replica. There is no matching node, so that tests decide what
/// it answers (<see cref="GatewayOfTest"/>) and what it has committed.
/// </summary>
public sealed class ApiStack : IAsyncLifetime
{
    public const string AdminKey = "an-admin-key-for-tests-only";
    public const string AdaKey = "a-key-of-ada-for-tests-only";
    public const string GraceKey = "a-key-of-grace-for-tests-only";
    public const string ClusterSecret = "a-cluster-secret-for-tests";
    public const string Prefix = RedisSettings.DefaultKeyPrefix;

    private static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(3);

    private DistributedApplication? _app;
    private LeaderOfTest? _leader;

    public static Address Binary { get; } = Address.Parse("0x1111111111111111111111111111111111111111");

    public static Address ThreeWay { get; } = Address.Parse("0x2222222222222222222222222222222222222222");

    public HttpClient Http { get; private set; } = null!;
    public HttpClient Admin { get; private set; } = null!;
    public NpgsqlDataSource Primary { get; private set; } = null!;
    public string PrimaryConnection { get; private set; } = "";
    public string ReplicaConnection { get; private set; } = "";
    public string Redis { get; private set; } = "";

    public bool IsLeaderHeard
    {
        set => _leader!.IsHeard = value;
    }

    public async Task InitializeAsync()
    {
        var builder = TestApplication.CreateBuilder();
        var redis = builder.AddNativeRedis("redis");
        var postgres = builder.AddNativePostgres("postgres");
        var database = postgres.AddDatabase("foresight");
        var replica = postgres.AddReplica("postgres-replica");
        var chain = builder.AddNativeChain("chain").WithArgs(ChainCommand.Options);
        builder
            .AddProject<Projects.Foresight_Api>("api", launchProfileName: null)
            .WithoutTelemetry()
            .WithHttpEndpoint(port: FreePorts.Any(), isProxied: false)
            .WithEnvironment("DOTNET_ENVIRONMENT", "Development")
            .WithReference(redis)
            .WithReference(database)
            .WithEnvironment("DATABASE_REPLICA_1_URL", replica.GetEndpoint("tcp"))
            .WithEnvironment("DATABASE_HEALTH_INTERVAL_MS", "200")
            .WithEnvironment("RPC_URL", chain.GetEndpoint("http"))
            .WithEnvironment("CLUSTER_SECRET", ClusterSecret)
            .WithEnvironment("ADMIN_KEY", AdminKey)
            .WithEnvironment("ADMIN_KEYS", $"ada={AdaKey}, grace={GraceKey}")
            .WithEnvironment("RECONCILIATION_FOUR_EYES_OVER_USDC", "1000")
            .WithExplicitStart();
        _app = await builder.StartAsync("redis", "foresight", "postgres-replica", "chain");
        Redis = await _app.ConnectionAsync("redis");
        PrimaryConnection = await _app.ConnectionAsync("foresight");
        ReplicaConnection = $"{await _app.ConnectionAsync("postgres-replica")};Database=foresight";
        Primary = NpgsqlDataSource.Create(PrimaryConnection);
        await MigrateAsync();
        _leader = new LeaderOfTest(ConnectAsNode(), Primary);

        await _app.ExecuteAsync("api", KnownResourceCommands.StartCommand);
        Http = _app.CreatePlainClient("api");
        Admin = _app.CreatePlainClient("api");
        Admin.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", AdminKey);
        await Eventually.TrueAsync("the Api is ready", StartTimeout, async () => (int?)(await TryGetAsync("ready"))?.StatusCode == 200);
        await Eventually.TrueAsync(
            "the books are there",
            StartTimeout,
            async () => (int?)(await TryGetAsync("markets/1/depth"))?.StatusCode == 200
        );
    }

    public async Task<JsonElement> ChainAsync(string method, params object[] parameters)
    {
        using var chain = _app!.CreatePlainClient("chain");
        using var response = await chain.PostAsJsonAsync(
            "",
            new
            {
                jsonrpc = "2.0",
                id = 1,
                method,
                @params = parameters,
            }
        );
        var answer = await response.Content.ReadFromJsonAsync<JsonElement>();
        Assert.False(answer.TryGetProperty("error", out var error), error.ToString());
        return answer.GetProperty("result");
    }

    public RedisClient ConnectAsNode() => new(Redis, Prefix, ClusterSecret);

    public Task KillAsync(string resource) => _app!.KillAsync(resource);

    public Task StartServerAsync(string resource) => _app!.StartServerAsync(resource);

    public async Task<HttpResponseMessage?> TryGetAsync(string path)
    {
        try
        {
            return await Http.GetAsync(path);
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    public async Task ExecuteAsync(string sql)
    {
        await using var command = Primary.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>The set-up writes the row once; here tests change it, in any order.</summary>
    public Task SetShardsAsync(int shards) =>
        ExecuteAsync($"INSERT INTO sharding (shards) VALUES ({shards}) ON CONFLICT (only_row) DO UPDATE SET shards = {shards}");

    /// <summary>The command and the order of its level belong together, because the node reads both.</summary>
    public Task CommitAsync(int market, long epoch, long sequence, LevelChange level) =>
        ExecuteAsync(
            $"""
            INSERT INTO accounts (account_id, address) VALUES (1, decode(repeat('99', 20), 'hex')) ON CONFLICT DO NOTHING;
            DELETE FROM orders WHERE market_id = {market} AND outcome = {level.Outcome} AND price_ticks = {level.PriceTicks};
            INSERT INTO commands (shard, sequence, epoch, accepted_at, kind, request_id, payload, result)
                VALUES (0, {sequence}, {epoch}, now(), 3, gen_random_uuid(), '', 'null');
            INSERT INTO orders (order_hash, order_id, market_id, account_id, outcome, is_buy, price_ticks, quantity_lots, time_in_force,
                post_only, stp, salt,
                    salt_tag, expiry, signature, status, shard, sequence, epoch, accepted_at, updated_sequence, updated_at)
                VALUES (decode(lpad(to_hex({sequence}), 64, '0'), 'hex'), {sequence}, {market}, 1, {level.Outcome}, {level.IsBid},
                    {level.PriceTicks}, {level.Lots}, 0,
                    false, 0, {sequence}, 0, 0, '', 0, 0, {sequence}, {epoch}, now(), {sequence}, now());
            """
        );

    public async Task<T> ScalarAsync<T>(string sql)
    {
        await using var command = Primary.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    public async Task DisposeAsync()
    {
        Http?.Dispose();
        Admin?.Dispose();
        if (_leader is not null)
            await _leader.DisposeAsync();
        if (Primary is not null)
            await Primary.DisposeAsync();
        if (_app is not null)
            await _app.DisposeAsync();
    }

    private async Task MigrateAsync()
    {
        await TestStores.MigrateAsync(PrimaryConnection);
        await ExecuteAsync(
            $"""
            INSERT INTO markets (market_id, address, question, outcomes, tick_size, listed_sequence) VALUES
                (1, '\x{Binary.ToLowerHex()[2..]}', 'Rain?', ARRAY['Yes', 'No'], 1, 1), (2, '\x{ThreeWay.ToLowerHex()[
                2..
            ]}', 'Who?', ARRAY['A', 'B', 'C'], 100, 2);
            INSERT INTO commands (shard, sequence, epoch, accepted_at, kind, request_id, payload, result)
                SELECT 0, n, 1, now(), 1, gen_random_uuid(), '', 'null' FROM generate_series(1, 10) AS n;
            INSERT INTO deployments (chain_id, genesis_hash, usdc, outcome_token, factory, deployed_block)
                VALUES (31337, '\x00', decode(repeat('aa', 20), 'hex'), decode(repeat('bb', 20), 'hex'),
                decode(repeat('cc', 20), 'hex'), 1);
            """
        );
    }
}

[CollectionDefinition(Name)]
public sealed class ApiStackCollection : ICollectionFixture<ApiStack>
{
    public const string Name = "api stack";
}
