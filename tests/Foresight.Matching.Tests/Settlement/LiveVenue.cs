using System.Numerics;
using Foresight.Chain;
using Foresight.Chain.Abi;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;
using Foresight.Chain.Transactions;
using Foresight.Matching.ChainReading;
using Foresight.Matching.Engine;
using Foresight.Matching.Reconciliation;
using Foresight.Matching.Settlement;
using Foresight.Matching.Setup;
using Foresight.Matching.Tests.Nodes;
using Foresight.Protocol;

namespace Foresight.Matching.Tests.Settlement;

internal sealed record Wallet(PrivateKey Key, Address Account)
{
    public bool IsContract => Account != Key.Address;
}

internal sealed record SignedOrder(Wallet Maker, OrderMessage Message, Hash32 Hash, byte[] Signature)
{
    /// <summary>Null: the maker's own key or contract.</summary>
    public Address? SigningKey { get; init; }
}

internal sealed record LiveOrder(Wallet Maker, OrderMessage Message, Hash32 Hash, byte[] Signature, CommandResult Result)
{
    public long TradeId
    {
        get
        {
            Assert.True(Result.Fills is [_], $"the order should trade once: {Result}");
            return Result.Fills![0].TradeId;
        }
    }
}

/// <summary>
/// The test steps settlement, so that it controls what is known at which block; the leader is a matching node with its engine and journal.
/// </summary>
internal sealed class LiveVenue : IAsyncDisposable
{
    private static readonly AbiFunction Execute = ContractArtifact.TestWallet.Function("execute");

    private readonly Func<Task<TestNode>> _start;

    private LiveVenue(Venue venue, TestNode node, Func<Task<TestNode>> start) => (Venue, Node, _start) = (venue, node, start);

    public Venue Venue { get; }
    public TestNode Node { get; private set; }

    public static async Task<LiveVenue> CreateAsync(
        ChainFixture fixture,
        int shards = 1,
        WithdrawalDelay? vaultDelay = null,
        SettlementOptions? options = null
    )
    {
        var venue = await Venue.CreateAsync(fixture, options, shards, vaultDelay: vaultDelay);
        var settings = new Dictionary<string, string?>
        {
            ["ConnectionStrings:redis"] = fixture.Redis,
            ["ConnectionStrings:foresight"] = fixture.ConnectionStringOf(venue.Database),
            ["REDIS_KEY_PREFIX"] = $"{Guid.NewGuid():N}:",
            ["CLUSTER_SECRET"] = "a secret of these tests",
            ["SHARDS"] = shards.ToString(),
        };
        var nodes = 0;
        var node = await StartAsync();
        await Eventually.TrueAsync(
            "every market is listed",
            Eventually.Patience,
            async () => await venue.ScalarAsync<long>("SELECT count(*) FROM markets WHERE listed_sequence IS NULL") == 0
        );
        return new LiveVenue(venue, node, StartAsync);

        async Task<TestNode> StartAsync()
        {
            var started = await TestNode.StartAsync(
                $"n{++nodes}",
                settings,
                chain: new ChainEndpoint(fixture.Client, venue.Deployment.ChainId)
            );
            venue.Send = started.Router.SendAsync;
            await started.ActiveAsync();
            return started;
        }
    }

    /// <summary>Another node takes the leader's place, with what the journal has.</summary>
    public async Task ReplaceLeaderAsync()
    {
        await Node.DisposeAsync();
        Node = await _start();
    }

    public async Task<Wallet> AddWalletAsync(long usdc = 10_000, long shares = 1_000)
    {
        var key = await Venue.AddWalletAsync(usdc, shares);
        return new Wallet(key, key.Address);
    }

    public async Task<Wallet> AddContractWalletAsync(long usdc = 10_000)
    {
        var owner = await Venue.AddWalletAsync(usdc, shares: 0);
        var transactions = new TransactionSequence(Venue.Client, owner, Venue.Deployment.ChainId);
        var created = await transactions.SendAsync(
            null,
            ContractArtifact.TestWallet.Creation(owner.Address),
            2_000_000,
            CancellationToken.None
        );
        await transactions.WaitAsync(CancellationToken.None);
        var wallet = new Wallet(owner, created.ContractAddress);
        await Venue.SendAsync(owner, Venue.Deployment.Usdc, UsdcContract.Transfer(wallet.Account, usdc * (BigInteger)1_000_000));
        await SendAsync(wallet, Venue.Deployment.Usdc, UsdcContract.Approve(Venue.Deployment.Factory, Word.MaxUInt256));
        await SendAsync(wallet, Venue.Deployment.OutcomeToken, OutcomeTokenContract.SetApprovalForAll(Venue.Deployment.Factory, true));
        return wallet;
    }

    public Task SendAsync(Wallet from, Address to, byte[] data) =>
        from.IsContract ? Venue.SendAsync(from.Key, from.Account, ByContract(to, data)) : Venue.SendAsync(from.Key, to, data);

    /// <summary>What its owner has a contract wallet call.</summary>
    public static byte[] ByContract(Address to, byte[] data) => Execute.Encode(to, data);

    /// <summary>Must be mined before the transactions that wait already, so it pays a higher tip.</summary>
    public async Task SendFirstAsync(Wallet from, Address to, byte[] data)
    {
        var nonce = await Venue.Client.GetTransactionCountAsync(from.Key.Address, BlockRef.Pending);
        await Venue.Client.SendTransactionAsync(
            new Eip1559Transaction
            {
                ChainId = Venue.Deployment.ChainId,
                Nonce = nonce,
                To = to,
                GasLimit = 500_000,
                MaxFeePerGas = 500 * SettlementOptions.Gwei,
                MaxPriorityFeePerGas = 100 * SettlementOptions.Gwei,
                Data = data,
            }.Sign(from.Key)
        );
    }

    public Task<LiveOrder> PlaceAsync(
        Wallet maker,
        bool isBuy,
        int ticks,
        long lots,
        int timeInForce = 0,
        int market = Venue.Market,
        int outcome = 0
    ) => PlaceAsync(Sign(maker, isBuy, ticks, lots, market, outcome), timeInForce, market);

    public SignedOrder Sign(Wallet maker, bool isBuy, int ticks, long lots, int market = Venue.Market, int outcome = 0, long expiry = 0)
    {
        var salt = new BigInteger(Guid.NewGuid().ToByteArray(), isUnsigned: true);
        var message = OrderMessage.OfUnits(maker.Account, outcome, isBuy, ticks, lots, salt, expiry);
        var domain = TypedDataDomain.OfMarket(Venue.Deployment.ChainId, Venue.Deployment.Market(market).Address);
        return new SignedOrder(maker, message, OrderSigning.OrderHash(domain, message), OrderSigning.Sign(domain, message, maker.Key));
    }

    /// <summary>By a key that the maker has registered at the vault.</summary>
    public SignedOrder SignByKey(Wallet maker, PrivateKey key, bool isBuy, int ticks, long lots, int market = Venue.Market) =>
        Sign(new Wallet(key, maker.Account), isBuy, ticks, lots, market) with
        {
            Maker = maker,
            SigningKey = key.Address,
        };

    public async Task<LiveOrder> PlaceAsync(
        SignedOrder order,
        int timeInForce = 0,
        int market = Venue.Market,
        PurseChoice purse = PurseChoice.Either,
        bool firmOnly = false
    )
    {
        var (maker, message, hash, signature) = order;
        var result = await Node.Router.SendAsync(
            new PlaceOrder
            {
                RequestId = Guid.NewGuid(),
                Deadline = Traders.Deadline,
                Shard = Venue.Deployment.Market(market).Shard,
                Hash = hash.ToString(),
                Maker = maker.Account.ToLowerHex(),
                MarketId = market,
                Outcome = (int)message.OutcomeIndex,
                IsBuy = message.IsBuy,
                PriceTicks = (int)(message.Price / OrderMessage.PricePerTick),
                Lots = (long)(message.Amount / OrderMessage.AmountPerLot),
                Salt = message.Salt.ToString(),
                ExpirySeconds = (long)message.Expiry,
                Signature = Hex.Encode(signature),
                SignedByContract = maker.IsContract && order.SigningKey is null,
                SigningKey = order.SigningKey?.ToLowerHex(),
                TimeInForce = timeInForce,
                Purse = (int)purse,
                FirmOnly = firmOnly,
            }
        );
        return new LiveOrder(maker, message, hash, signature, result);
    }

    public async Task MineAsync(int blocks = 1)
    {
        for (var i = 0; i < blocks; i++)
        {
            await Venue.Fixture.MineAsync();
            await Venue.FollowAsync();
        }
    }

    /// <summary>What purses of the vault have got is theirs to trade with when it is final.</summary>
    public Task ConfirmAsync() =>
        MineAsync(Venue.Options.Confirmations + (Venue.Deployment.Vault is null ? 0 : Venue.Options.FinalityBlocks));

    public async Task<(string Status, string? Reason, long Reduced)> StateOfAsync(LiveOrder order)
    {
        await using var command = Venue.Database.CreateCommand("SELECT status, reason, reduced_lots FROM orders WHERE order_hash = $1");
        command.Parameters.Add(new() { Value = order.Hash.ToBytes() });
        await using var reader = await command.ExecuteReaderAsync();
        Assert.True(await reader.ReadAsync());
        string[] names = ["open", "partially_filled", "filled", "cancelled", "expired"];
        return (names[reader.GetInt16(0)], reader.IsDBNull(1) ? null : reader.GetString(1), reader.GetInt64(2));
    }

    public Task<long> OwnedUsdcAsync(Wallet wallet) =>
        Venue.ScalarAsync<long>(
            "SELECT sum(b.owned)::bigint FROM balances b JOIN accounts a USING (account_id) WHERE a.address = $1 AND b.outcome = 255",
            wallet.Account.ToBytes()
        );

    public Task<BalanceCheck?> CheckBalancesAsync() =>
        new BalanceChecker(Venue.Deployment, Venue.Database, new HoldingsReader(Venue.Deployment, Venue.Client)).CheckAsync(
            TimeProvider.System,
            CancellationToken.None
        );

    public Task<short> MarketStateAsync() => Venue.ScalarAsync<short>("SELECT state FROM markets WHERE market_id = $1", Venue.Market);

    public Task<long> HeldAsync() => Venue.ScalarAsync<long>("SELECT coalesce(sum(order_hold + trade_hold), 0)::bigint FROM balances");

    public async ValueTask DisposeAsync()
    {
        await Node.DisposeAsync();
        await Venue.DisposeAsync();
    }
}
