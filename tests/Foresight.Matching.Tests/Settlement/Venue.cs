using System.Numerics;
using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;
using Foresight.Chain.Transactions;
using Foresight.Cluster;
using Foresight.Matching.ChainFollowing;
using Foresight.Matching.ChainReading;
using Foresight.Matching.Leadership;
using Foresight.Matching.Reconciliation;
using Foresight.Matching.Settlement;
using Foresight.Matching.SettlementTerm;
using Foresight.Matching.Setup;
using Foresight.Matching.Sharding;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Redis;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Foresight.Matching.Tests.Settlement;

public sealed record TestTrader(PrivateKey Key, int AccountId)
{
    public Address Address => Key.Address;
}

public sealed class Venue : IAsyncDisposable
{
    public const int Market = 1;

    /// <summary>The key of anvil's first account is public, so it is no secret.</summary>
    public const string DevelopmentKey = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";

    private static readonly SetupOptions Setup = new(1, TimeSpan.FromSeconds(30), null, null, null, []);

    private int _shards = 1;

    private readonly SettlementMetrics _metrics = new(new TestMeters());
    private readonly RedisClient _redis;
    private long _orders;

    private Venue(ChainFixture fixture, NpgsqlDataSource database)
    {
        (Fixture, Database) = (fixture, database);
        _redis = new RedisClient(fixture.Redis, $"test-{Guid.NewGuid():N}:");
        Publisher = new TradeStatePublisher(_redis.Broadcast, new NoNotices(), _metrics, TimeProvider.System);
        Withdrawals = new WithdrawalPublisher(_redis.Broadcast);
    }

    public ChainFixture Fixture { get; }
    public NpgsqlDataSource Database { get; }
    public TradeStatePublisher Publisher { get; }
    public WithdrawalPublisher Withdrawals { get; }
    public IBroadcast Broadcast => _redis.Broadcast;
    public OperatorKey Operator { get; } = new(PrivateKey.Parse(DevelopmentKey));
    public Deployment Deployment { get; private set; } = null!;
    public Term Term { get; private set; } = null!;
    public EthereumClient Client => Fixture.Client;
    public SettlementOptions Options { get; private set; } = new() { BatchAge = TimeSpan.Zero, Confirmations = 2 };
    public TestLeader Leader { get; private set; } = null!;

    public SendToLeader? Send { get; set; }

    /// <param name="orderLife">Null for the contracts' default, a day.</param>
    /// <param name="vaultDelay">Null: there is no vault.</param>
    public static async Task<Venue> CreateAsync(
        ChainFixture fixture,
        SettlementOptions? options = null,
        int shards = 1,
        TimeSpan? orderLife = null,
        WithdrawalDelay? vaultDelay = null
    )
    {
        await fixture.AutomineAsync(true);
        var venue = new Venue(fixture, await fixture.OpenDatabaseAsync()) { _shards = shards };
        if (options is not null)
            venue.Options = options;
        await ShardStore.FixAsync(venue.Database, shards, CancellationToken.None);
        await SetupVerb.RunAsync(
            venue.Database,
            new ChainEndpoint(fixture.Client, SetupOptions.DevelopmentChainId),
            venue.Operator,
            Setup with
            {
                Markets = shards,
                FirmMoney = vaultDelay is not null,
                VaultDelay = vaultDelay,
            },
            CancellationToken.None
        );
        if (orderLife is { } life)
            await venue.DeployWithLifeAsync(life);
        venue.Deployment = (await Deployment.ReadAsync(venue.Database, SetupOptions.DevelopmentChainId, CancellationToken.None))!;
        venue.Leader = new TestLeader(venue.Database);
        await venue.TakeTermAsync();
        return venue;
    }

    /// <summary>The set-up deploys with the default life only, so another factory takes the place of its one.</summary>
    private async Task DeployWithLifeAsync(TimeSpan life)
    {
        const string Question = "Will the settlement role come back?";
        var block = await Client.BlockNumberAsync() + 1;
        var transactions = new TransactionSequence(Client, Operator.Key, SetupOptions.DevelopmentChainId);
        var usdc = await DeployAsync(UsdcContract.Creation());
        var self = Operator.Key.Address;
        var factory = new MarketFactoryContract(
            Client,
            await DeployAsync(MarketFactoryContract.Creation(usdc, self, self, self, longestOrderLife: life))
        );
        await transactions.SendAsync(
            factory.Address,
            MarketFactoryContract.CreateMarket(Keccak256.HashText(Question), outcomes: 2),
            6_000_000,
            CancellationToken.None
        );
        await transactions.WaitAsync(CancellationToken.None);
        await ExecuteAsync(
            """
            UPDATE deployments SET usdc = $1, outcome_token = $2, factory = $3, deployed_block = $4, longest_order_life_seconds = $5
            """,
            usdc.ToBytes(),
            (await factory.OutcomeTokenAsync()).ToBytes(),
            factory.Address.ToBytes(),
            block,
            (long)life.TotalSeconds
        );
        await ExecuteAsync(
            "UPDATE markets SET address = $1, question = $2",
            (await factory.MarketOfAsync(Keccak256.HashText(Question)))!.Value.ToBytes(),
            Question
        );

        async Task<Address> DeployAsync(byte[] creation) =>
            (await transactions.SendAsync(null, creation, 9_000_000, CancellationToken.None)).ContractAddress;
    }

    /// <summary>As settlement does when a market was listed.</summary>
    public async Task ReadDeploymentAsync() =>
        Deployment = (await Deployment.ReadAsync(Database, SetupOptions.DevelopmentChainId, CancellationToken.None))!;

    /// <summary>As if set-up had been given this block, which is after the deployment.</summary>
    public void FollowFrom(long deployedBlock) => Deployment = Deployment with { DeployedBlock = deployedBlock };

    public async Task TakeTermAsync() => Term = await TestTerms.TakeAsync(Database, LeasedResources.Settlement);

    /// <summary>A submitter has no memory after a crash, so a new one stands for it.</summary>
    /// <param name="key">Null for <see cref="Operator"/>.</param>
    public Submitter NewSubmitter(NodeClient? through = null, OperatorKey? key = null) =>
        NewParts(Leader.SendAsync, through, key).NewSubmitter();

    public ChainFollower NewFollower(NodeClient? through = null) => NewFollowerVia(Send ?? Leader.SendAsync, through);

    public ChainFollower NewFollowerVia(SendToLeader send, NodeClient? through = null) => NewParts(send, through).NewFollower();

    public Reconciler NewReconciler(NodeClient? through = null, ReconciliationOptions? options = null) =>
        new(NewReconciliation(options ?? new ReconciliationOptions { Balances = false, Confirmations = Options.Confirmations }, through));

    public ReconciliationContext NewReconciliation(ReconciliationOptions options, NodeClient? through = null) =>
        new(Term, Database, Deployment, ClientThrough(through), options, TimeProvider.System);

    public async Task StepAsync(Submitter submitter) => await submitter.StepAsync(await Client.BlockNumberAsync(), CancellationToken.None);

    public async Task FollowAsync(ChainFollower? follower = null)
    {
        follower ??= NewFollower();
        while (await follower.StepAsync(await Client.BlockNumberAsync(), CancellationToken.None)) { }
    }

    public async Task SettleAllAsync()
    {
        var submitter = NewSubmitter();
        await StepAsync(submitter);
        await Fixture.MineAsync(Options.Confirmations + 1);
        await StepAsync(submitter);
        await StepAsync(submitter);
        await FollowAsync();
    }

    public async Task<TestTrader> AddTraderAsync(long usdc = 10_000, long shares = 1_000)
    {
        var key = await AddWalletAsync(usdc, shares);
        var id = await ScalarAsync<int>(
            "INSERT INTO accounts (account_id, address) SELECT COALESCE(max(account_id), 0) + 1, $1 FROM accounts RETURNING account_id",
            key.Address.ToBytes()
        );
        return new TestTrader(key, id);
    }

    public async Task<PrivateKey> AddWalletAsync(long usdc = 10_000, long shares = 1_000)
    {
        var key = PrivateKey.Random();
        await Fixture.RequestAsync("anvil_setBalance", key.Address.ToLowerHex(), Hex.EncodeQuantity(BigInteger.Pow(10, 20)));
        await SendAsync(Operator.Key, Deployment.Usdc, UsdcContract.Mint(key.Address, new BigInteger(usdc + shares) * 1_000_000));
        await SendAsync(key, Deployment.Usdc, UsdcContract.Approve(Deployment.Factory, Word.MaxUInt256));
        await SendAsync(key, Deployment.OutcomeToken, OutcomeTokenContract.SetApprovalForAll(Deployment.Factory, true));
        if (shares > 0)
            await SendAsync(key, MarketAddress, MarketContract.MintSet(shares * BigInteger.Pow(10, 18)));
        return key;
    }

    public Address MarketAddress => Deployment.Market(Market).Address;

    public async Task<Hash32> SendAsync(PrivateKey from, Address to, byte[] data)
    {
        var transactions = new TransactionSequence(Client, from, Deployment.ChainId);
        var sent = await transactions.SendAsync(to, data, 2_000_000, CancellationToken.None);
        await transactions.WaitAsync(CancellationToken.None);
        return sent.Hash;
    }

    public async Task<SignedTestOrder> AddOrderAsync(
        TestTrader maker,
        bool isBuy,
        int ticks,
        long lots,
        int outcome = 0,
        int market = Market,
        long expiry = 0
    )
    {
        var id = Interlocked.Increment(ref _orders);
        var salt = new BigInteger(Guid.NewGuid().ToByteArray(), isUnsigned: true);
        var message = OrderMessage.OfUnits(maker.Address, outcome, isBuy, ticks, lots, salt, expiry);
        var domain = TypedDataDomain.OfMarket(Deployment.ChainId, Deployment.Market(market).Address);
        var hash = OrderSigning.OrderHash(domain, message);
        var signature = OrderSigning.Sign(domain, message, maker.Key);
        await ExecuteAsync(
            """
            INSERT INTO orders (order_hash, order_id, market_id, account_id, outcome, is_buy, price_ticks, quantity_lots, time_in_force,
                post_only, stp, salt, salt_tag, expiry, signature, status, shard, sequence, epoch, accepted_at, updated_sequence,
                updated_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, false, 0, $9, $10, $12, $11, 0, 0, $2, 1, now(), $2, now())
            """,
            hash.ToBytes(),
            id,
            market,
            maker.AccountId,
            (short)outcome,
            isBuy,
            ticks,
            lots,
            salt,
            (long)OrderSigning.SaltTag(salt),
            signature,
            expiry
        );
        return new SignedTestOrder(id, hash, message, signature, maker, outcome, isBuy, ticks, market);
    }

    public async Task<(SignedTestOrder Order, Hash32 Transaction)> AddFillPastTheRelayerAsync(TestTrader maker, TestTrader taker)
    {
        var order = await AddOrderAsync(maker, isBuy: false, 6_000, 500, expiry: EscapeMode.Expiry());
        return (order, await FillPastTheRelayerAsync(taker.Key, order.Message, order.Signature, 100));
    }

    public Task<Hash32> FillPastTheRelayerAsync(PrivateKey taker, OrderMessage order, byte[] signature, long lots) =>
        EscapeMode.FillAsync(Client, MarketAddress, order, signature, lots, data => SendAsync(taker, MarketAddress, data));

    public async Task<long> MatchAsync(long lots, params (SignedTestOrder Order, int Ticks)[] legs)
    {
        var kind =
            legs[0].Order.Outcome == legs[1].Order.Outcome ? 0
            : legs[0].Order.IsBuy ? 1
            : 2;
        var id = await ScalarAsync<long>(
            """
            INSERT INTO trades (trade_id, market_id, kind, quantity_lots, taker_outcome, taker_is_buy, taker_price_ticks, shard, sequence,
                epoch, executed_at)
            SELECT COALESCE(max(trade_id), 0) + 1, $1, $2, $3, $4, $5, $6, 0, 1, 1, now() FROM trades RETURNING trade_id
            """,
            legs[0].Order.MarketId,
            (short)kind,
            lots,
            (short)legs[0].Order.Outcome,
            legs[0].Order.IsBuy,
            legs[0].Ticks
        );
        for (var i = 0; i < legs.Length; i++)
        {
            var order = legs[i].Order;
            await ExecuteAsync(
                """
                INSERT INTO fills (trade_id, leg, order_id, account_id, outcome, is_buy, price_ticks, quantity_lots, is_taker)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                """,
                id,
                (short)i,
                order.Id,
                order.Maker.AccountId,
                (short)order.Outcome,
                order.IsBuy,
                legs[i].Ticks,
                lots,
                i == 0
            );
        }

        return id;
    }

    public async Task<long> TradeAsync(TestTrader buyer, TestTrader seller, int ticks = 5_500, long lots = 100, int market = Market)
    {
        var bid = await AddOrderAsync(buyer, true, ticks, lots, market: market);
        var ask = await AddOrderAsync(seller, false, ticks, lots, market: market);
        return await MatchAsync(lots, (bid, ticks), (ask, ticks));
    }

    public async Task<(string State, string? Reason)> StateOfAsync(long tradeId)
    {
        await using var command = Command("SELECT settlement, settlement_reason FROM trades WHERE trade_id = $1", tradeId);
        await using var reader = await command.ExecuteReaderAsync();
        Assert.True(await reader.ReadAsync());
        return (reader.GetString(0), reader.IsDBNull(1) ? null : reader.GetString(1));
    }

    public async Task<int> TimesSettledAsync(long tradeId)
    {
        var logs = await Client.GetLogsAsync(
            new LogFilter
            {
                FromBlock = Deployment.DeployedBlock,
                ToBlock = await Client.BlockNumberAsync(),
                Addresses = [.. Deployment.Markets.Select(m => m.Address)],
                Topics =
                [
                    [MarketEvents.TradeSettled.Topic],
                ],
            }
        );
        return logs.Select(MarketEvents.TryDecode).OfType<MarketEvent.TradeSettled>().Count(t => t.TradeId == tradeId);
    }

    public async Task<BigInteger> SharesAsync(TestTrader trader, int outcome = 0) =>
        await new OutcomeTokenContract(Client, Deployment.OutcomeToken).BalanceOfAsync(
            trader.Address,
            OutcomeTokenContract.IdOf(MarketAddress, outcome)
        ) / OrderMessage.AmountPerLot;

    public async Task<T> ScalarAsync<T>(string sql, params object[] values)
    {
        await using var command = Command(sql, values);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    public async Task ExecuteAsync(string sql, params object[] values)
    {
        await using var command = Command(sql, values);
        await command.ExecuteNonQueryAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _redis.Dispose();
        await Fixture.AutomineAsync(true);
        await Database.DisposeAsync();
    }

    private SettlementParts NewParts(SendToLeader send, NodeClient? through, OperatorKey? key = null)
    {
        var services = new SettlementServices(key ?? Operator, Options, Publisher, Withdrawals, _metrics, TimeProvider.System);
        return new SettlementParts(
            new SettlementContext(Term, Database, Deployment, ClientThrough(through), services, NullLogger.Instance),
            send,
            _shards
        );
    }

    private EthereumClient ClientThrough(NodeClient? through) => through is null ? Client : new EthereumClient(through);

    private NpgsqlCommand Command(string sql, params object[] values)
    {
        var command = Database.CreateCommand(sql);
        foreach (var value in values)
            command.Parameters.Add(new() { Value = value });
        return command;
    }
}

public sealed record SignedTestOrder(
    long Id,
    Hash32 Hash,
    OrderMessage Message,
    byte[] Signature,
    TestTrader Maker,
    int Outcome,
    bool IsBuy,
    int Ticks,
    int MarketId
);
