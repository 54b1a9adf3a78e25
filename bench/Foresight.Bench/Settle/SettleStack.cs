using System.Numerics;
using Aspire.Hosting;
using Aspire.Hosting.Testing;
using Foresight.AppHost;
using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;
using Foresight.Matching.Schema;
using Foresight.Matching.Settlement;
using Foresight.Matching.Setup;
using Foresight.Matching.Tests.Stores;
using Foresight.ServiceDefaults.Cluster;
using Foresight.ServiceDefaults.Redis;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Foresight.Bench.Settle;

/// <summary>Postgres, Redis, a chain with a block each second, funded traders, and one matching node as a process of its own; all gone when the run ends.</summary>
internal sealed class SettleStack : IAsyncDisposable
{
    public const int Traders = 8;
    private const string Secret = "a secret of this benchmark";
    private const long Usdc = 10_000_000;
    private const long Sets = 1_000_000;

    /// <summary>anvil's first account, which everybody knows.</summary>
    private const string OperatorKeyText = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly DistributedApplication app;
    private readonly HttpClient http = new(new SocketsHttpHandler { UseProxy = false });
    private readonly string connection;
    private readonly string redis;
    private readonly RedisConnection client;
    private NodeProcess? node;
    private int nodes;

    private SettleStack(DistributedApplication app, string redis, string connection)
    {
        (this.app, this.redis, this.connection) = (app, redis, connection);
        Database = NpgsqlDataSource.Create(connection);
        Chain = EthereumClient.OfEndpoint(http, app.GetEndpoint("chain"));
        client = new RedisConnection(new RedisSettings(redis, "foresight:"), NullLogger<RedisConnection>.Instance);
        var leaders = new LeaderDirectory(client, TimeProvider.System, NullLogger<LeaderDirectory>.Instance);
        Router = new LeaderRouter(leaders, new ClusterSecret(Secret), TimeProvider.System, NullLogger<LeaderRouter>.Instance);
    }

    public NpgsqlDataSource Database { get; }
    public EthereumClient Chain { get; }
    public LeaderRouter Router { get; }
    public Deployment Deployment { get; private set; } = null!;
    public OperatorKey Operator { get; } = new(PrivateKey.Parse(OperatorKeyText));
    public IReadOnlyList<PrivateKey> Keys { get; } = [.. Enumerable.Range(1, Traders).Select(i => PrivateKey.OfPhrase($"settle {i}"))];

    public static async Task<SettleStack> StartAsync()
    {
        var builder = DistributedApplicationTestingBuilder.Create();
        builder.AddRedis("redis");
        builder.AddPostgres("postgres").AddDatabase("foresight");
        builder.AddContainer("chain", "foundry", "v1.7.1").WithArgs(ChainCommand.Anvil + " --block-time 1").WithHttpEndpoint(name: "http");
        var app = await builder.BuildAsync();
        await app.StartAsync();
        foreach (var name in new[] { "redis", "foresight", "chain" }) await app.ResourceNotifications.WaitForResourceHealthyAsync(name).WaitAsync(Patience);
        var stack = new SettleStack(app, (await app.GetConnectionStringAsync("redis"))!, (await app.GetConnectionStringAsync("foresight"))!);
        await stack.SetUpAsync();
        return stack;
    }

    /// <summary>A node with these settings in place of the one before it, which is told to end.</summary>
    public async Task StartNodeAsync(params (string Name, string Value)[] settings)
    {
        if (node is not null)
        {
            node.AskToEnd();
            await node.EndedAsync(Patience);
            await node.DisposeAsync();
        }

        var all = new Dictionary<string, string?>
        {
            ["ConnectionStrings:redis"] = redis, ["ConnectionStrings:foresight"] = connection, ["CLUSTER_SECRET"] = Secret, ["OPERATOR_KEY"] = OperatorKeyText,
            ["RPC_URL"] = app.GetEndpoint("chain").ToString(), ["RECONCILIATION_INTERVAL_MS"] = "86400000",
        };
        foreach (var (name, value) in settings) all[name] = value;
        node = new NodeProcess($"node-{++nodes}", all);
        await UntilAsync("the exchange knows what every trader owns", async () => await ScalarAsync<long>(
            "SELECT count(*) FROM balances JOIN accounts USING (account_id) WHERE owned > 0 AND market_id > 0 AND address = ANY ($1)",
            (object)Keys.Select(k => k.Address.ToBytes()).ToArray()) == Traders * Deployment.Markets.Sum(m => m.Outcomes));
        await UntilAsync("the node leads", async () => await Router.LeaderStatusAsync() is { State: "active" });
    }

    public async Task UntilAsync(string what, Func<Task<bool>> holds, TimeSpan? within = null)
    {
        using var deadline = new CancellationTokenSource(within ?? Patience);
        while (!await holds())
        {
            if (deadline.IsCancellationRequested) throw new TimeoutException($"waited in vain: {what}\n{node?.Output}");
            await Task.Delay(50);
        }
    }

    public async Task<T> ScalarAsync<T>(string sql, params object[] values)
    {
        await using var command = Database.CreateCommand(sql);
        foreach (var value in values) command.Parameters.Add(new() { Value = value });
        return (T)(await command.ExecuteScalarAsync())!;
    }

    public async ValueTask DisposeAsync()
    {
        if (node is not null) await node.DisposeAsync();
        await Router.StopAsync(CancellationToken.None);
        Router.Dispose();
        client.Dispose();
        await Database.DisposeAsync();
        http.Dispose();
        await app.DisposeAsync();
    }

    private async Task SetUpAsync()
    {
        await new Migrator(Database, NullLogger<Migrator>.Instance).MigrateAsync();
        // Three binary markets.
        var options = new SetupOptions(3, TimeSpan.FromSeconds(60), null, null, null, []);
        await SetupVerb.RunAsync(Database, new ChainEndpoint(Chain, SetupOptions.DevelopmentChainId), Operator, options, CancellationToken.None);
        Deployment = (await Deployment.ReadAsync(Database, SetupOptions.DevelopmentChainId, CancellationToken.None))!;
        await Router.StartAsync(CancellationToken.None);
        foreach (var key in Keys) await Chain.RequestAsync(new RpcRequest("anvil_setBalance", key.Address.ToLowerHex(), Hex.EncodeQuantity(BigInteger.Pow(10, 20))));
        await Task.WhenAll(Keys.Select(FundAsync));
    }

    private async Task FundAsync(PrivateKey key)
    {
        var transactions = new TransactionSequence(Chain, key, Deployment.ChainId);
        await transactions.SendAsync(Deployment.Usdc, UsdcContract.Mint(key.Address, new BigInteger(Usdc + (Sets * Deployment.Markets.Count)) * 1_000_000), 300_000, CancellationToken.None);
        await transactions.SendAsync(Deployment.Usdc, UsdcContract.Approve(Deployment.Factory, Word.MaxUInt256), 300_000, CancellationToken.None);
        await transactions.SendAsync(Deployment.OutcomeToken, OutcomeTokenContract.SetApprovalForAll(Deployment.Factory, true), 300_000, CancellationToken.None);
        foreach (var market in Deployment.Markets)
            await transactions.SendAsync(market.Address, MarketContract.MintSet(Sets * BigInteger.Pow(10, 18)), 1_000_000, CancellationToken.None);
        await transactions.WaitAsync(CancellationToken.None);
    }
}
