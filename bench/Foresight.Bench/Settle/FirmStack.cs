using System.Numerics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Foresight.Bench.Stack;
using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;
using Foresight.Matching.ChainReading;
using Foresight.Matching.Engine;
using Foresight.Matching.Setup;

namespace Foresight.Bench.Settle;

internal sealed record MarketPair(DeployedMarket Firm, DeployedMarket Soft);

/// <summary>
/// A stack with a vault and two matching nodes, whose way to the chain can be watched and cut, and two crowds of the same size: the money
/// of one is in the vault, that of the other in wallets. Each crowd has markets of its own, so that a trade is wholly firm or wholly soft.
/// </summary>
internal sealed class FirmStack : IAsyncDisposable
{
    /// <summary>
    /// Half of it is longer than a thousand trades of each crowd need on a busy machine; the stalled chain takes nearly half of it.
    /// </summary>
    public static readonly WithdrawalDelay Delay = new(Blocks: 60, Seconds: 120);

    /// <summary>The deepest reorganisation that settlement follows without an operator.</summary>
    public const int FinalityBlocks = 10;

    private const int Accounts = 8;
    private const int Nodes = 2;

    /// <summary>Which holds all batches of a round, so that an act finds every trade on its way.</summary>
    private const int MaxInFlight = 64;

    private const int NoLimit = 1_000_000;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);
    private static readonly BigInteger Micro = 1_000_000;
    private static readonly BigInteger VaultUsdc = 500_000 * Micro;
    private static readonly BigInteger Shares = 50_000 * BigInteger.Pow(10, 18);

    private readonly Dictionary<string, NodeProcess> _nodes = [];
    private readonly bool _isWatched;
    private int _started;

    private FirmStack(TradingStack stack, RpcProxy proxy, bool isWatched)
    {
        (Stack, Proxy, _isWatched) = (stack, proxy, isWatched);
        Firm = [.. Enumerable.Range(1, Accounts).Select(i => PrivateKey.OfPhrase($"firm trader {i} of the benchmark"))];
        Soft = [.. Enumerable.Range(1, Accounts).Select(i => PrivateKey.OfPhrase($"soft trader {i} of the benchmark"))];
    }

    public TradingStack Stack { get; }
    public RpcProxy Proxy { get; }

    /// <summary>Null: no adversary of the run has contract wallets.</summary>
    public WalletCrowds? Wallets { get; private set; }

    /// <summary>The first half sells outcome 0 in direct trades, the other half buys it.</summary>
    public IReadOnlyList<PrivateKey> Firm { get; }

    public IReadOnlyList<PrivateKey> Soft { get; }

    /// <summary>Admin and resolver of the factory, because the nonces of the key that settles are the node's.</summary>
    public PrivateKey Guardian { get; } = PrivateKey.OfPhrase("guardian of the benchmark");

    /// <summary>Where makers move what is in their wallets.</summary>
    public PrivateKey Refuge { get; } = PrivateKey.OfPhrase("refuge of the benchmark");

    public Address Vault => Stack.Deployment.Vault!.Address;

    public MarketPair Markets => new(Stack.BinaryMarkets[0], Stack.BinaryMarkets[1]);

    /// <summary>The last ones that trade: their decision is announced.</summary>
    public MarketPair Decided => new(Stack.BinaryMarkets[2], Stack.BinaryMarkets[3]);

    /// <param name="isWatched">Through the proxy, and with more in flight than by default.</param>
    /// <param name="hasWallets">Their keys are registered now: the delay passes while others are at work.</param>
    public static async Task<FirmStack> StartAsync(bool isWatched, bool hasWallets = false)
    {
        var stack = await TradingStack.StartAsync(new TradingStackOptions(Traders: 0, Markets: 4, VaultDelay: Delay));
        var all = new FirmStack(stack, await RpcProxy.StartAsync(stack.ChainAddress), isWatched);
        await all.GrantAsync();
        await Task.WhenAll(all.Firm.Select((_, i) => all.FundAsync(i, isFirm: true)));
        await Task.WhenAll(all.Soft.Select((_, i) => all.FundAsync(i, isFirm: false)));
        if (hasWallets)
            all.Wallets = await WalletCrowds.DeployAsync(all);
        for (var node = 0; node < Nodes; node++)
            all.StartNode();
        await stack.UntilAsync("a node leads", async () => await stack.Router.LeaderStatusAsync() is { State: "active" });
        foreach (var markets in new[] { all.Markets, all.Decided })
            await all.KnowAsync(markets);
        return all;
    }

    public void StartNode()
    {
        var name = $"node-{++_started}";
        (string, string)[] watched =
        [
            ("RPC_URL", Proxy.AddressFor(name)),
            ("SETTLEMENT_MAX_IN_FLIGHT", MaxInFlight.ToString()),
            // What the makers of soft trades do here counts against them; it is repeated, and is to fail their trades only.
            ("OFFENDER_CAP_POINTS", NoLimit.ToString()),
            ("OFFENDER_REFUSE_POINTS", NoLimit.ToString()),
        ];
        _nodes[name] = Stack.NewNode(name, [("SETTLEMENT_FINALITY_BLOCKS", FinalityBlocks.ToString()), .. _isWatched ? watched : []]);
    }

    /// <returns>The process that holds the lease.</returns>
    public async Task<string> HolderAsync(string resource)
    {
        var holder = "";
        await Stack.UntilAsync(
            $"a live node holds {resource}",
            async () =>
            {
                holder = await Stack.ScalarAsync<string>("SELECT coalesce(node_id, '') FROM leadership WHERE resource = $1", resource);
                return _nodes.TryGetValue(holder, out var node) && !node.HasEnded;
            }
        );
        return holder;
    }

    public void Kill(string node) => _nodes[node].KillNow();

    public async Task ReplaceAsync(string node)
    {
        _nodes.Remove(node, out var ended);
        await ended!.EndedAsync(Patience);
        await ended.DisposeAsync();
        StartNode();
    }

    public Task HoldAsync() => RequestAsync("evm_setIntervalMining", 0);

    public Task ReleaseAsync() => RequestAsync("evm_setIntervalMining", 1);

    public Task<JsonElement> RequestAsync(string method, params JsonNode?[] parameters) =>
        Stack.Chain.RequestAsync(new RpcRequest(method, parameters));

    /// <summary>Until the ledger has enough of everybody's to trade with.</summary>
    public Task KnowAsync(MarketPair markets) =>
        KnowAsync(markets, [.. Firm.Select(key => key.Address)], [.. Soft.Select(key => key.Address)]);

    /// <param name="firm">The first half sells, as in <see cref="Firm"/>.</param>
    public async Task KnowAsync(MarketPair markets, IReadOnlyList<Address> firm, IReadOnlyList<Address> soft)
    {
        foreach (var (crowd, market, purse) in new[] { (firm, markets.Firm, Purse.Vault), (soft, markets.Soft, Purse.Wallet) })
        {
            await KnowAsync(crowd, 0, Command.CollateralOutcome, purse, least: (long)(10_000 * Micro));
            await KnowAsync([.. crowd.Take(crowd.Count / 2)], market.Id, 0, purse, least: 100_000);
        }
    }

    public async Task<(long Owned, long Held)> LedgerAsync(PrivateKey of, int market, int outcome, Purse purse)
    {
        await using var command = Stack.Database.CreateCommand(
            """
            SELECT owned, order_hold + trade_hold FROM balances JOIN accounts USING (account_id)
            WHERE address = $1 AND market_id = $2 AND outcome = $3 AND purse = $4
            """
        );
        foreach (var value in new object[] { of.Address.ToBytes(), market, (short)outcome, (short)purse })
            command.Parameters.Add(new() { Value = value });
        await using var reader = await command.ExecuteReaderAsync();
        return await reader.ReadAsync() ? (reader.GetInt64(0), reader.GetInt64(1)) : (0, 0);
    }

    public async ValueTask DisposeAsync()
    {
        Proxy.Cut = null;
        foreach (var node in _nodes.Values)
            await node.DisposeAsync();
        await Stack.DisposeAsync();
        await Proxy.DisposeAsync();
    }

    private Task KnowAsync(IReadOnlyList<Address> accounts, int market, int outcome, Purse purse, long least) =>
        Stack.UntilAsync(
            $"the ledger has {least} of each account in market {market}, outcome {outcome}, purse {purse}",
            async () =>
                await Stack.ScalarAsync<long>(
                    """
                    SELECT count(*) FROM balances JOIN accounts USING (account_id)
                    WHERE address = ANY ($1) AND market_id = $2 AND outcome = $3 AND purse = $4 AND owned - order_hold - trade_hold >= $5
                    """,
                    accounts.Select(account => account.ToBytes()).ToArray(),
                    market,
                    (short)outcome,
                    (short)purse,
                    least
                ) == accounts.Count
        );

    private async Task GrantAsync()
    {
        foreach (var key in (PrivateKey[])[Guardian, Refuge, .. Firm, .. Soft])
            await RequestAsync("anvil_setBalance", key.Address.ToLowerHex(), Hex.EncodeQuantity(BigInteger.Pow(10, 21)));
        var transactions = new TransactionSequence(Stack.Chain, Stack.Operator.Key, Stack.Deployment.ChainId);
        foreach (var role in new[] { new Hash32(new byte[32]), Keccak256.HashText("RESOLVER") })
            await transactions.SendAsync(
                Stack.Deployment.Factory,
                ContractArtifact.MarketFactory.Encode("grantRole", role, Guardian.Address),
                300_000,
                CancellationToken.None
            );
        await transactions.WaitAsync(CancellationToken.None);
    }

    private async Task FundAsync(int account, bool isFirm)
    {
        var key = (isFirm ? Firm : Soft)[account];
        var at = Stack.Deployment;
        var transactions = new TransactionSequence(Stack.Chain, key, at.ChainId);
        Task SendAsync(Address to, byte[] data) => transactions.SendAsync(to, data, 1_000_000, CancellationToken.None);
        await SendAsync(at.Usdc, UsdcContract.Mint(key.Address, 2 * VaultUsdc));
        await SendAsync(at.Usdc, UsdcContract.Approve(at.Factory, Word.MaxUInt256));
        await SendAsync(at.OutcomeToken, OutcomeTokenContract.SetApprovalForAll(at.Factory, true));
        if (isFirm)
        {
            await SendAsync(at.Usdc, UsdcContract.Approve(Vault, Word.MaxUInt256));
            await SendAsync(Vault, VaultContract.Deposit(VaultUsdc));
        }

        var outcome = account < Accounts / 2 ? 0 : 1;
        foreach (var pair in new[] { Markets, Decided })
        {
            var market = (isFirm ? pair.Firm : pair.Soft).Address;
            await SendAsync(market, MarketContract.MintSet(2 * Shares));
            if (isFirm)
                await SendAsync(
                    at.OutcomeToken,
                    OutcomeTokenContract.Transfer(key.Address, Vault, OutcomeTokenContract.IdOf(market, outcome), Shares)
                );
        }

        await transactions.WaitAsync(CancellationToken.None);
    }
}
