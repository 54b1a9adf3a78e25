using System.Numerics;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;

namespace Foresight.Chain.Tests.DevChain;

public sealed class Exchange : IAsyncDisposable
{
    private int _salt;
    private int _trade;
    private int _question;

    private Exchange(AnvilChain chain) => Chain = chain;

    public AnvilChain Chain { get; }
    public PrivateKey Admin { get; } = PrivateKey.OfPhrase("admin");
    public PrivateKey Operator { get; } = PrivateKey.OfPhrase("operator");
    public PrivateKey Resolver { get; } = PrivateKey.OfPhrase("resolver");
    public Address Protocol { get; } = PrivateKey.OfPhrase("protocol").Address;
    public Address Liquidity { get; } = PrivateKey.OfPhrase("liquidity").Address;
    public UsdcContract Usdc { get; private set; } = null!;
    public MarketFactoryContract Factory { get; private set; } = null!;
    public OutcomeTokenContract Shares { get; private set; } = null!;

    /// <param name="delay">Null: without a vault.</param>
    public static async Task<Exchange> StartAsync(WithdrawalDelay? delay = null)
    {
        var exchange = new Exchange(await AnvilChain.StartAsync());
        var chain = exchange.Chain;
        foreach (var key in new[] { exchange.Admin, exchange.Operator, exchange.Resolver })
            await chain.FundAsync(key.Address);
        exchange.Usdc = new UsdcContract(chain.Client, await chain.DeployAsync(exchange.Admin, UsdcContract.Creation()));
        var fees = new FeeTerms(200, 2_500, exchange.Protocol, exchange.Liquidity);
        var creation = MarketFactoryContract.Creation(
            exchange.Usdc.Address,
            exchange.Admin.Address,
            exchange.Operator.Address,
            exchange.Resolver.Address,
            fees,
            withdrawalDelay: delay
        );
        exchange.Factory = new MarketFactoryContract(chain.Client, await chain.DeployAsync(exchange.Admin, creation));
        exchange.Shares = new OutcomeTokenContract(chain.Client, await exchange.Factory.OutcomeTokenAsync());
        return exchange;
    }

    public async Task<MarketContract> MarketAsync(int outcomes)
    {
        var question = Keccak256.HashText($"question {++_question}");
        await Chain.ExecuteAsync(Admin, Factory.Address, MarketFactoryContract.CreateMarket(question, outcomes));
        return new MarketContract(Chain.Client, (await Factory.MarketOfAsync(question))!.Value);
    }

    public async Task<PrivateKey> TraderAsync(string name, decimal usdc)
    {
        var key = PrivateKey.OfPhrase(name);
        await Chain.FundAsync(key.Address);
        await Chain.ExecuteAsync(Admin, Usdc.Address, UsdcContract.Mint(key.Address, Micros(usdc)));
        await Chain.ExecuteAsync(key, Usdc.Address, UsdcContract.Approve(Factory.Address, Word.MaxUInt256));
        await Chain.ExecuteAsync(key, Shares.Address, OutcomeTokenContract.SetApprovalForAll(Factory.Address, true));
        return key;
    }

    public MarketLeg Leg(
        MarketContract market,
        PrivateKey maker,
        int outcome,
        bool isBuy,
        int priceTicks,
        long lots,
        int? fillTicks = null,
        long? fillLots = null,
        long expiry = 0,
        BigInteger? salt = null,
        Address? onBehalfOf = null
    )
    {
        var order = OrderMessage.OfUnits(onBehalfOf ?? maker.Address, outcome, isBuy, priceTicks, lots, salt ?? ++_salt, expiry);
        var signature = OrderSigning.Sign(DomainOf(market), order, maker);
        return new MarketLeg(
            order,
            signature,
            (fillLots ?? lots) * OrderMessage.AmountPerLot,
            (fillTicks ?? priceTicks) * OrderMessage.PricePerTick
        );
    }

    public async Task<long> NowAsync() => (await Chain.Client.GetBlockAsync(await Chain.Client.BlockNumberAsync()))!.Timestamp;

    /// <summary>Escape mode begins after a silence of the operator. The chain's clock moves by a day, so orders of before expire.</summary>
    /// <returns>An expiry of an hour later, for the orders to fill.</returns>
    public async Task<long> EscapeAsync()
    {
        var begins = await Factory.LastSignOfLifeAsync() + (long)(await Factory.LongestOrderLifeAsync()).TotalSeconds + 1;
        if (await NowAsync() < begins)
            await MineAtAsync(begins);
        return await NowAsync() + 3600;
    }

    public async Task MineAtAsync(long unixSeconds)
    {
        await Chain.RequestAsync("evm_setNextBlockTimestamp", unixSeconds);
        await Chain.MineAsync();
    }

    public MarketMatch Match(params MarketLeg[] legs) => new(++_trade, legs);

    public static TypedDataDomain DomainOf(MarketContract market) => TypedDataDomain.OfMarket(AnvilChain.ChainId, market.Address);

    public async Task<(IReadOnlyList<MarketEvent> Events, TransactionReceipt Receipt)> SettleAsync(
        MarketContract market,
        params MarketMatch[] matches
    )
    {
        var receipt = await Chain.ExecuteAsync(Operator, market.Address, MarketContract.Settle(matches));
        return (EventsOf(market, receipt), receipt);
    }

    public static IReadOnlyList<MarketEvent> EventsOf(MarketContract market, TransactionReceipt receipt) =>
        [.. receipt.Logs.Where(l => l.Address == market.Address).Select(MarketEvents.TryDecode).OfType<MarketEvent>()];

    public Task MintSetAsync(MarketContract market, PrivateKey trader, long lots) =>
        Chain.ExecuteAsync(trader, market.Address, MarketContract.MintSet(lots * OrderMessage.AmountPerLot));

    public Task<BigInteger> MicrosOfAsync(Address account) => Usdc.BalanceOfAsync(account);

    public async Task<long> LotsOfAsync(MarketContract market, int outcome, Address account) =>
        (long)(await Shares.BalanceOfAsync(account, OutcomeTokenContract.IdOf(market.Address, outcome)) / OrderMessage.AmountPerLot);

    public static BigInteger Micros(decimal usdc) => (BigInteger)(usdc * 1_000_000m);

    public ValueTask DisposeAsync() => Chain.DisposeAsync();
}
