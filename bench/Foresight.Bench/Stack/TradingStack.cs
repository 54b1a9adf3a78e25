using System.Net;
using System.Numerics;
using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;
using Foresight.Cluster;
using Foresight.Cluster.Proof;
using Foresight.Matching.ChainReading;
using Foresight.Matching.Settlement;
using Foresight.Matching.Setup;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Redis;
using Foresight.ServiceDefaults.Trust;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Foresight.Bench.Stack;

/// <param name="Sets">Traders own complete sets, so that they can sell too.</param>
/// <param name="Roles">
/// The services have only the rights in Redis that the AppHost gives them, because an intruder would have no more.
/// </param>
/// <param name="VaultDelay">Of the vault; null: the default of a development chain.</param>
internal sealed record TradingStackOptions(
    int Traders,
    int Markets,
    bool Sets = false,
    bool Replica = false,
    bool Roles = false,
    WithdrawalDelay? VaultDelay = null
);

internal sealed class TradingStack : IAsyncDisposable
{
    public const string Secret = "a secret of this benchmark";
    private const long Usdc = 10_000_000;
    private const long SetsEach = 1_000_000;

    /// <summary>First account of anvil. Its key is public, so it is no secret.</summary>
    private const string OperatorKeyText = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly TestStores _servers;
    private readonly TradingStackOptions _options;
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false });
    private readonly RedisClient _client;
    private readonly List<NodeProcess> _apis = [];
    private readonly List<NodeProcess> _followers = [];
    private NodeProcess? _node;
    private int _nodes;

    private TradingStack(TestStores servers, TradingStackOptions options)
    {
        (_servers, _options) = (servers, options);
        Database = NpgsqlDataSource.Create(servers.Postgres);
        Chain = EthereumClient.OfEndpoint(_http, servers.Chain);
        _client = new RedisClient(servers.Redis, RedisSettings.DefaultKeyPrefix, Secret);
        var leaders = new LeaderDirectory(
            _client.Database,
            TestHints.Of(Secret),
            new LeaderRows(Database),
            _client.Broadcast,
            TimeProvider.System,
            NullLogger<LeaderDirectory>.Instance
        );
        var proof = new NodeProof(new ClusterKeys(Secret), "bench-api", NodeKinds.Api);
        Router = new LeaderRouter(leaders, proof, TimeProvider.System, NullLogger<LeaderRouter>.Instance);
        Keys = [.. Enumerable.Range(1, options.Traders).Select(i => PrivateKey.OfPhrase($"trader {i} of the benchmark"))];
    }

    public NpgsqlDataSource Database { get; }
    public EthereumClient Chain { get; }
    public LeaderRouter Router { get; }
    public Deployment Deployment { get; private set; } = null!;
    public OperatorKey Operator { get; } = new(PrivateKey.Parse(OperatorKeyText));
    public IReadOnlyList<PrivateKey> Keys { get; }

    public string Redis => _servers.Redis;

    public Uri ChainAddress => _servers.Chain;

    public string RedisForMatching => _servers.RedisForMatching;

    /// <summary>The enemy must find these nowhere.</summary>
    public static IReadOnlyList<string> Secrets => [Secret, OperatorKeyText[2..]];

    public IEnumerable<NodeProcess> Processes => [.. _apis, .. _followers, .. _node is null ? [] : new[] { _node }];

    public IReadOnlyList<DeployedMarket> BinaryMarkets => [.. Deployment.Markets.Where(market => market.Outcomes == 2)];

    public static async Task<TradingStack> StartAsync(TradingStackOptions options)
    {
        var stack = new TradingStack(
            await TestStores.StartAsync(options.Replica ? Replication.Asynchronous : Replication.None, "--block-time 1"),
            options
        );
        await stack.SetUpAsync();
        return stack;
    }

    public async Task StartNodeAsync(params (string Name, string Value)[] settings)
    {
        if (_node is not null)
        {
            _node.AskToEnd();
            await _node.EndedAsync(Patience);
            await _node.DisposeAsync();
        }

        _node = NewNode($"node-{++_nodes}", settings);
        var assets = 1 + (_options.Sets ? Deployment.Markets.Sum(m => m.Outcomes) : 0);
        await UntilAsync(
            "the exchange knows what every trader owns",
            async () =>
                await ScalarAsync<long>(
                    "SELECT count(*) FROM balances JOIN accounts USING (account_id) WHERE owned > 0 AND address = ANY ($1)",
                    (object)Keys.Select(k => k.Address.ToBytes()).ToArray()
                )
                == Keys.Count * assets
        );
        await UntilAsync("the node leads", async () => await Router.LeaderStatusAsync() is { State: "active" });
    }

    public void AddFollower(params (string Name, string Value)[] settings) => _followers.Add(NewNode($"node-{++_nodes}", settings));

    /// <summary>Waits until the node has every book. Its rate limit is off, because one client may send all the load.</summary>
    public async Task<Uri> StartApiAsync()
    {
        var all = Settings(("RATE_LIMIT_PER_MINUTE", int.MaxValue.ToString()), ("ADMIN_KEY", Secret));
        if (_options.Roles)
            all["ConnectionStrings:redis"] = _servers.RedisForApi;
        var api = new NodeProcess($"api-{_apis.Count + 1}", all, "Foresight.Api");
        _apis.Add(api);
        Uri? address = null;
        await UntilAsync(
            "the Api listens",
            () =>
            {
                if (api.HasEnded)
                    throw new InvalidOperationException($"the Api ended by itself\n{api.Output}");
                address = api.ListeningAt;
                return Task.FromResult(address is not null);
            }
        );
        string[] paths = ["ready", .. Deployment.Markets.Select(market => $"markets/{market.Id}/depth")];
        foreach (var path in paths)
            await UntilAsync(
                $"the Api answers {path}",
                async () =>
                {
                    using var answer = await _http.GetAsync(new Uri(address!, path));
                    return answer.StatusCode == HttpStatusCode.OK;
                }
            );
        return address!;
    }

    public async Task UntilAsync(string what, Func<Task<bool>> holds, TimeSpan? within = null)
    {
        using var deadline = new CancellationTokenSource(within ?? Patience);
        while (!await holds())
        {
            if (deadline.IsCancellationRequested)
                throw new TimeoutException($"waited in vain: {what}\n{_node?.Output}\n{_apis.LastOrDefault()?.Output}");
            await Task.Delay(50);
        }
    }

    public async Task<T> ScalarAsync<T>(string sql, params object[] values)
    {
        await using var command = Database.CreateCommand(sql);
        foreach (var value in values)
            command.Parameters.Add(new() { Value = value });
        return (T)(await command.ExecuteScalarAsync())!;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var api in _apis)
            await api.DisposeAsync();
        foreach (var follower in _followers)
            await follower.DisposeAsync();
        if (_node is not null)
            await _node.DisposeAsync();
        await Router.StopAsync(CancellationToken.None);
        Router.Dispose();
        _client.Dispose();
        await Database.DisposeAsync();
        _http.Dispose();
        await _servers.DisposeAsync();
    }

    /// <summary>The caller ends it.</summary>
    public NodeProcess NewNode(string nodeId, params (string Name, string Value)[] settings)
    {
        var all = Settings(settings);
        all["OPERATOR_KEY"] = OperatorKeyText;
        all["RECONCILIATION_INTERVAL_MS"] = "86400000";
        return new NodeProcess(nodeId, all);
    }

    private Dictionary<string, string?> Settings(params (string Name, string Value)[] own)
    {
        var all = new Dictionary<string, string?>
        {
            ["ConnectionStrings:redis"] = _options.Roles ? _servers.RedisForMatching : _servers.Redis,
            ["ConnectionStrings:foresight"] = _servers.Postgres,
            ["CLUSTER_SECRET"] = Secret,
            ["RPC_URL"] = _servers.Chain.ToString(),
        };
        if (_servers.Standby is { } replica)
            all["DATABASE_REPLICA_1_URL"] = replica;
        foreach (var (name, value) in own)
            all[name] = value;
        return all;
    }

    private async Task SetUpAsync()
    {
        await TestStores.MigrateAsync(_servers.Postgres);
        var markets = _options.Markets + ((_options.Markets - 1) / 3);
        var setup = new SetupOptions(
            markets,
            TimeSpan.FromSeconds(60),
            null,
            null,
            null,
            [],
            FirmMoney: true,
            _options.VaultDelay ?? SetupOptions.DevelopmentDelay
        );
        await SetupVerb.RunAsync(
            Database,
            new ChainEndpoint(Chain, SetupOptions.DevelopmentChainId),
            Operator,
            setup,
            CancellationToken.None
        );
        Deployment = (await Deployment.ReadAsync(Database, SetupOptions.DevelopmentChainId, CancellationToken.None))!;
        await Router.StartAsync(CancellationToken.None);
        foreach (var key in Keys)
            await Chain.RequestAsync(
                new RpcRequest("anvil_setBalance", key.Address.ToLowerHex(), Hex.EncodeQuantity(BigInteger.Pow(10, 20)))
            );
        await Task.WhenAll(Keys.Select(FundAsync));
    }

    private async Task FundAsync(PrivateKey key)
    {
        var transactions = new TransactionSequence(Chain, key, Deployment.ChainId);
        var usdc = new BigInteger(Usdc + (_options.Sets ? SetsEach * Deployment.Markets.Count : 0)) * 1_000_000;
        await transactions.SendAsync(Deployment.Usdc, UsdcContract.Mint(key.Address, usdc), 300_000, CancellationToken.None);
        await transactions.SendAsync(
            Deployment.Usdc,
            UsdcContract.Approve(Deployment.Factory, Word.MaxUInt256),
            300_000,
            CancellationToken.None
        );
        await transactions.SendAsync(
            Deployment.OutcomeToken,
            OutcomeTokenContract.SetApprovalForAll(Deployment.Factory, true),
            300_000,
            CancellationToken.None
        );
        if (_options.Sets)
            foreach (var market in Deployment.Markets)
                await transactions.SendAsync(
                    market.Address,
                    MarketContract.MintSet(SetsEach * BigInteger.Pow(10, 18)),
                    1_000_000,
                    CancellationToken.None
                );
        await transactions.WaitAsync(CancellationToken.None);
    }
}
