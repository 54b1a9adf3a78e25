using Foresight.Chain;
using Foresight.Chain.Signing;
using Foresight.Cluster;
using Foresight.Cluster.Proof;
using Foresight.Matching.Tests.Settlement;
using Foresight.Matching.Tests.Stores;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Trust;
using Microsoft.Extensions.Logging.Abstractions;

namespace Foresight.Matching.Tests.SettlementTerm;

internal sealed class SettlerNodes : IAsyncDisposable
{
    public const string Secret = TestStores.ClusterSecret;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan BlockTime = TimeSpan.FromMilliseconds(250);

    private readonly Dictionary<string, NodeProcess> _nodes = [];
    private readonly CancellationTokenSource _ending = new();
    private readonly string _prefix = $"{Guid.NewGuid():N}:";
    private readonly Venue _venue;
    private readonly Func<string, string> _rpcOf;
    private readonly RedisClient _redis;
    private readonly LeaderRouter _router;
    private readonly SemaphoreSlim _mayMine = new(1);
    private Task _mining = Task.CompletedTask;
    private int _salts;

    private SettlerNodes(Venue venue, Func<string, string> rpcOf)
    {
        (_venue, _rpcOf) = (venue, rpcOf);
        _redis = new RedisClient(venue.Fixture.Redis, _prefix);
        var leaders = new LeaderDirectory(
            _redis.Database,
            TestHints.Of(Secret),
            new LeaderRows(venue.Database),
            _redis.Broadcast,
            TimeProvider.System,
            NullLogger<LeaderDirectory>.Instance
        );
        var proof = new NodeProof(new ClusterKeys(Secret), "traders-api", NodeKinds.Api);
        _router = new LeaderRouter(leaders, proof, TimeProvider.System, NullLogger<LeaderRouter>.Instance);
    }

    public IReadOnlyCollection<NodeProcess> All => _nodes.Values;

    public RedisClient Redis => _redis;

    public NodeProcess this[string node] => _nodes[node];

    public static async Task<SettlerNodes> CreateAsync(Venue venue, Func<string, string> rpcOf)
    {
        var nodes = new SettlerNodes(venue, rpcOf);
        await nodes._router.StartAsync(CancellationToken.None);
        return nodes;
    }

    public void Start(string node, params (string Name, string Value)[] settings)
    {
        var all = new Dictionary<string, string?>(Shared(node))
        {
            ["OPERATOR_KEY"] = Venue.DevelopmentKey,
            ["SETTLEMENT_BATCH_AGE_MS"] = "0",
            // Reads of blocks by reconciliation must not be taken for the follower's.
            ["RECONCILIATION_INTERVAL_MS"] = "86400000",
        };
        foreach (var (name, value) in settings)
            all[name] = value;
        _nodes[node] = new NodeProcess(node, all);
    }

    public void StartApi(string node, params (string Name, string Value)[] settings)
    {
        var all = Shared(node);
        foreach (var (name, value) in settings)
            all[name] = value;
        _nodes[node] = new NodeProcess(node, all, "Foresight.Api");
    }

    public async Task EndAsync(string node)
    {
        _nodes[node].AskToEnd();
        await _nodes[node].EndedAsync(Patience);
        _nodes.Remove(node, out var ended);
        await ended!.DisposeAsync();
    }

    public async Task MineOnAsync()
    {
        await _venue.Fixture.AutomineAsync(false);
        _mining = MineAsync();
    }

    public async Task BetweenBlocksAsync(Func<Task> act)
    {
        await _mayMine.WaitAsync();
        try
        {
            await act();
        }
        finally
        {
            _mayMine.Release();
        }
    }

    public Task KnowAsync(params PrivateKey[] traders) =>
        Eventually.TrueAsync(
            "the traders are funded in the engine",
            Patience,
            async () =>
                await _venue.ScalarAsync<long>(
                    "SELECT count(*) FROM balances JOIN accounts USING (account_id) WHERE address = ANY ($1) AND owned > 0",
                    (object)traders.Select(t => t.Address.ToBytes()).ToArray()
                )
                == 3 * traders.Length
        );

    public async Task TradeAsync(PrivateKey buyer, PrivateKey seller)
    {
        await PlaceAsync(seller, isBuy: false);
        await PlaceAsync(buyer, isBuy: true);
    }

    public async Task<CommandResult> SendAsync(LeaderCommand command) => (await _router.SendAsync([command]))[0];

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes.Values)
            await node.DisposeAsync();
        await _ending.CancelAsync();
        await _mining;
        await _router.StopAsync(CancellationToken.None);
        _router.Dispose();
        _redis.Dispose();
        _mayMine.Dispose();
        _ending.Dispose();
    }

    private Dictionary<string, string?> Shared(string node) =>
        new(_venue.Fixture.NodeSettings(_venue.Fixture.ConnectionStringOf(_venue.Database)))
        {
            ["REDIS_KEY_PREFIX"] = _prefix,
            ["CLUSTER_SECRET"] = Secret,
            ["RPC_URL"] = _rpcOf(node),
        };

    private async Task PlaceAsync(PrivateKey maker, bool isBuy)
    {
        var message = OrderMessage.OfUnits(maker.Address, 0, isBuy, 5_000, 100, ++_salts, 0);
        var domain = TypedDataDomain.OfMarket(_venue.Deployment.ChainId, _venue.MarketAddress);
        var hash = OrderSigning.OrderHash(domain, message).ToString();
        var signature = Hex.Encode(OrderSigning.Sign(domain, message, maker));
        var answer = await _router.SendAsync([
            new PlaceOrder
            {
                RequestId = Guid.NewGuid(),
                Deadline = DateTimeOffset.UtcNow + Patience,
                Hash = hash,
                Maker = maker.Address.ToLowerHex(),
                MarketId = Venue.Market,
                Outcome = 0,
                IsBuy = isBuy,
                PriceTicks = 5_000,
                Lots = 100,
                Salt = _salts.ToString(),
                Signature = signature,
            },
        ]);
        Assert.Equal(ResultStatus.Accepted, answer[0].Status);
    }

    private async Task MineAsync()
    {
        try
        {
            using var timer = new PeriodicTimer(BlockTime);
            while (await timer.WaitForNextTickAsync(_ending.Token))
                await BetweenBlocksAsync(() => _venue.Fixture.MineAsync());
        }
        catch (OperationCanceledException) when (_ending.IsCancellationRequested)
        {
            // Expected: the test is over.
        }
    }
}
