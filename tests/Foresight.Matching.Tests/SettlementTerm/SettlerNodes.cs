using Foresight.Chain;
using Foresight.Chain.Signing;
using Foresight.Protocol;
using Foresight.Matching.Tests.Settlement;
using Foresight.Matching.Tests.Stores;
using Foresight.Cluster;
using Microsoft.Extensions.Logging.Abstractions;

namespace Foresight.Matching.Tests.SettlementTerm;

/// <summary>Node processes that match and settle on a venue's journal and chain, and a trader's way to whichever leads.</summary>
internal sealed class SettlerNodes : IAsyncDisposable
{
    public const string Secret = "a secret of these tests";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan BlockTime = TimeSpan.FromMilliseconds(250);

    private readonly Dictionary<string, NodeProcess> nodes = [];
    private readonly CancellationTokenSource ending = new();
    private readonly string prefix = $"{Guid.NewGuid():N}:";
    private readonly Venue venue;
    private readonly Func<string, string> rpcOf;
    private readonly RedisClient redis;
    private readonly LeaderRouter router;
    private readonly SemaphoreSlim mayMine = new(1);
    private Task mining = Task.CompletedTask;
    private int salts;

    private SettlerNodes(Venue venue, Func<string, string> rpcOf)
    {
        (this.venue, this.rpcOf) = (venue, rpcOf);
        redis = new RedisClient(venue.Fixture.Redis, prefix);
        var leaders = new LeaderDirectory(redis.Database, redis.Broadcast, TimeProvider.System, NullLogger<LeaderDirectory>.Instance);
        router = new LeaderRouter(leaders, new ClusterSecret(Secret), TimeProvider.System, NullLogger<LeaderRouter>.Instance);
    }

    public IReadOnlyCollection<NodeProcess> All => nodes.Values;

    public RedisClient Redis => redis;

    public NodeProcess this[string node] => nodes[node];

    /// <param name="rpcOf">Where each node finds the chain.</param>
    public static async Task<SettlerNodes> CreateAsync(Venue venue, Func<string, string> rpcOf)
    {
        var nodes = new SettlerNodes(venue, rpcOf);
        await nodes.router.StartAsync(CancellationToken.None);
        return nodes;
    }

    public void Start(string node, params (string Name, string Value)[] settings)
    {
        var all = new Dictionary<string, string?>(Shared(node))
        {
            ["OPERATOR_KEY"] = Venue.DevelopmentKey, ["SETTLEMENT_BATCH_AGE_MS"] = "0",
            // Its own look at the blocks must not be taken for the follower's.
            ["RECONCILIATION_INTERVAL_MS"] = "86400000",
        };
        foreach (var (name, value) in settings) all[name] = value;
        nodes[node] = new NodeProcess(node, all);
    }

    /// <summary>An Api node on the same journal, cluster and chain.</summary>
    public void StartApi(string node, params (string Name, string Value)[] settings)
    {
        var all = Shared(node);
        foreach (var (name, value) in settings) all[name] = value;
        nodes[node] = new NodeProcess(node, all, "Foresight.Api");
    }

    /// <summary>Asks it to end, and waits for it.</summary>
    public async Task EndAsync(string node)
    {
        nodes[node].AskToEnd();
        await nodes[node].EndedAsync(Patience);
        await nodes[node].DisposeAsync();
    }

    /// <summary>From now on a block comes four times a second, whatever is sent.</summary>
    public async Task MineOnAsync()
    {
        await venue.Fixture.AutomineAsync(false);
        mining = MineAsync();
    }

    /// <summary>Does something to the chain between two blocks.</summary>
    public async Task BetweenBlocksAsync(Func<Task> act)
    {
        await mayMine.WaitAsync();
        try
        {
            await act();
        }
        finally
        {
            mayMine.Release();
        }
    }

    /// <summary>Returns when the engine knows what these own: USDC, and shares of both outcomes.</summary>
    public Task KnowAsync(params PrivateKey[] traders) => Eventually.TrueAsync("the traders are funded in the engine", Patience, async () =>
        await venue.ScalarAsync<long>(
            "SELECT count(*) FROM balances JOIN accounts USING (account_id) WHERE address = ANY ($1) AND owned > 0",
            (object)traders.Select(t => t.Address.ToBytes()).ToArray()) == 3 * traders.Length);

    public async Task TradeAsync(PrivateKey buyer, PrivateKey seller)
    {
        await PlaceAsync(seller, isBuy: false);
        await PlaceAsync(buyer, isBuy: true);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in nodes.Values) await node.DisposeAsync();
        await ending.CancelAsync();
        await mining;
        await router.StopAsync(CancellationToken.None);
        router.Dispose();
        redis.Dispose();
        mayMine.Dispose();
        ending.Dispose();
    }

    private Dictionary<string, string?> Shared(string node) => new(venue.Fixture.NodeSettings(venue.Fixture.ConnectionStringOf(venue.Database)))
    {
        ["REDIS_KEY_PREFIX"] = prefix, ["CLUSTER_SECRET"] = Secret, ["RPC_URL"] = rpcOf(node),
    };

    private async Task PlaceAsync(PrivateKey maker, bool isBuy)
    {
        var message = OrderMessage.OfUnits(maker.Address, 0, isBuy, 5_000, 100, ++salts, 0);
        var domain = TypedDataDomain.OfMarket(venue.Deployment.ChainId, venue.MarketAddress);
        var hash = OrderSigning.OrderHash(domain, message).ToString();
        var signature = Hex.Encode(OrderSigning.Sign(domain, message, maker));
        var answer = await router.SendAsync([new PlaceOrder
        {
            RequestId = Guid.NewGuid(), Deadline = DateTimeOffset.UtcNow + Patience, Hash = hash, Maker = maker.Address.ToLowerHex(),
            MarketId = Venue.Market, Outcome = 0, IsBuy = isBuy, PriceTicks = 5_000, Lots = 100, Salt = salts.ToString(), Signature = signature,
        }]);
        Assert.Equal(ResultStatus.Accepted, answer[0].Status);
    }

    private async Task MineAsync()
    {
        try
        {
            using var timer = new PeriodicTimer(BlockTime);
            while (await timer.WaitForNextTickAsync(ending.Token)) await BetweenBlocksAsync(() => venue.Fixture.MineAsync());
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            // The test is over.
        }
    }
}
