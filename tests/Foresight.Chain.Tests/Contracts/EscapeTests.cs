using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;
using Foresight.Chain.Tests.DevChain;
using Xunit;

namespace Foresight.Chain.Tests.Contracts;

/// <summary>Each test begins with a sign of life, because all share one chain.</summary>
[Trait("Category", "Trust")]
public sealed class EscapeTests(ExchangeFixture fixture) : IClassFixture<ExchangeFixture>
{
    private const long Lots = 100;

    private readonly Exchange _exchange = fixture.Exchange;
    private MarketContract _market = null!;
    private PrivateKey _maker = null!;
    private PrivateKey _stranger = null!;

    [Fact]
    public async Task AnyoneFills_OnlyOnceTheSilenceIsLongerThanAnOrderMayLive()
    {
        var sign = await SetUpAsync("silence");
        var leg = Buy(expiry: GuardedUntil(sign) + 3_600);

        Assert.Equal(SettlementFailure.NotInEscape, await RefusalAsync(leg));
        Assert.Equal(SettlementFailure.NotInEscape, await RefusalAsync(leg, at: GuardedUntil(sign)));
        Assert.Null(await RefusalAsync(leg, at: GuardedUntil(sign) + 1));
        await FillAsync(leg);
        Assert.Equal(Lots, await _exchange.LotsOfAsync(_market, 0, _maker.Address));
    }

    [Fact]
    public async Task ASignOfLife_EndsEscapeModeAtOnce()
    {
        var sign = await SetUpAsync("back");
        var leg = Buy(expiry: GuardedUntil(sign) + (48 * 3_600));
        await _exchange.MineAtAsync(GuardedUntil(sign) + 1);
        Assert.Null(await RefusalAsync(leg));

        var back = await SignAsync();

        Assert.Equal(await _exchange.NowAsync(), back);
        Assert.Equal(SettlementFailure.NotInEscape, await RefusalAsync(leg));
        Assert.Null(await RefusalAsync(leg, at: GuardedUntil(back) + 1));
    }

    [Fact]
    public async Task AnOrderAcceptedJustBeforeTheSilence_IsDeadWhenEscapeBegins()
    {
        var sign = await SetUpAsync("just before");
        // The latest expiry that the relayer accepts, so no order of its book outlives it.
        var known = Buy(expiry: GuardedUntil(sign));
        Assert.Equal(SettlementFailure.NotInEscape, await RefusalAsync(known, at: GuardedUntil(sign)));
        Assert.Equal(SettlementFailure.OrderExpired, await RefusalAsync(known, at: GuardedUntil(sign) + 1));
        Assert.Equal(SettlementFailure.ExpiryRequired, await RefusalAsync(Buy(expiry: 0)));
    }

    [Fact]
    public async Task AReorganisationThatUndoesTheSign_LeavesTheOneBefore()
    {
        var sign = await SetUpAsync("reorganised");
        await _exchange.MineAtAsync(sign + 1_000);
        var before = await _exchange.Chain.SnapshotAsync();
        Assert.True(await SignAsync() > sign);
        await _exchange.Chain.RevertAsync(before);

        Assert.Equal(sign, await _exchange.Factory.LastSignOfLifeAsync());
        var leg = Buy(expiry: GuardedUntil(sign) + 3_600);
        Assert.Null(await RefusalAsync(leg, at: GuardedUntil(sign) + 1));
    }

    [Fact]
    public async Task OnlyTheSettlementRole_ShowsSignsOfLife()
    {
        var sign = await SetUpAsync("role");
        foreach (var caller in new[] { _stranger, _exchange.Admin, _exchange.Resolver })
        {
            var refused = await Assert.ThrowsAsync<RpcException>(() =>
                _exchange.Chain.Client.CallAsync(
                    new CallRequest(_exchange.Factory.Address, MarketFactoryContract.SignOfLife(), caller.Address)
                )
            );
            Assert.Equal(
                "AccessControlUnauthorizedAccount(address,bytes32)",
                ArtifactErrors.NameOf(ContractArtifact.MarketFactory, refused.RevertData)
            );
        }

        Assert.Equal(sign, await _exchange.Factory.LastSignOfLifeAsync());
    }

    [Theory]
    [InlineData(0)]
    [InlineData((30 * 24 * 3_600) + 1)]
    public async Task AFactoryWithoutAReasonableLife_IsNotDeployed(long seconds)
    {
        var creation = MarketFactoryContract.Creation(
            _exchange.Usdc.Address,
            _exchange.Admin.Address,
            _exchange.Operator.Address,
            _exchange.Resolver.Address,
            longestOrderLife: TimeSpan.FromSeconds(seconds)
        );
        await Assert.ThrowsAsync<InvalidOperationException>(() => _exchange.Chain.DeployAsync(_exchange.Admin, creation));
    }

    [Fact]
    public async Task SettlementPublishesSignatures_AndStillNobodyFillsTheRestOfAnOrder()
    {
        await SetUpAsync("published");
        // The chain hears of neither a rest that the relayer kills (IOC) nor one that its maker cancels there: a quarter is filled.
        var buy = Buy(expiry: 0);
        var sell = _exchange.Leg(_market, _stranger, 0, isBuy: false, 5_000, Lots / 4);
        await _exchange.SettleAsync(_market, _exchange.Match(buy with { Amount = Lots / 4 * OrderMessage.AmountPerLot }, sell));

        Assert.Equal(SettlementFailure.NotInEscape, await RefusalAsync(buy, lots: Lots * 3 / 4));
    }

    [Fact]
    public async Task ALegTakenOutOfAPendingBatch_Fails_AndTheHonestTradeSettles()
    {
        await SetUpAsync("front-run");
        var (buy, sell) = (Buy(expiry: 0), _exchange.Leg(_market, _stranger, 0, isBuy: false, 5_000, Lots));
        var match = _exchange.Match(buy, sell);
        var thief = await _exchange.TraderAsync("front-run: thief", 100);
        await _exchange.MintSetAsync(_market, thief, 1_000);
        var settle = await _exchange.Chain.PendAsync(_exchange.Operator, _market.Address, MarketContract.Settle([match]), 2_000_000);
        var fill = MarketContract.FillOrderSigned(buy.Order, buy.Signature, buy.Amount);
        var theft = await _exchange.Chain.PendAsync(thief, _market.Address, fill, 500_000, tipInGwei: 50);

        await _exchange.Chain.MineAsync();

        var receipts = await _exchange.Chain.Client.GetTransactionReceiptsAsync([settle, theft]);
        Assert.Equal(receipts[0]!.BlockNumber, receipts[1]!.BlockNumber);
        Assert.True(receipts[1]!.TransactionIndex < receipts[0]!.TransactionIndex, "the thief was not first");
        Assert.False(receipts[1]!.Succeeded);
        Assert.Single(Exchange.EventsOf(_market, receipts[0]!).OfType<MarketEvent.TradeSettled>());
    }

    [Fact]
    public async Task Exits_NeedNobody_AndAPauseBeforeTheSilenceLocksNobodyIn()
    {
        var sign = await SetUpAsync("exits");
        await _exchange.Chain.ExecuteAsync(_exchange.Operator, _market.Address, Calls.Market("pause"));
        var cancelled = Buy(expiry: GuardedUntil(sign) + 3_600);
        await _exchange.Chain.ExecuteAsync(_maker, _market.Address, Calls.Market("cancelSalt", cancelled.Order.Salt));
        await _exchange.Chain.ExecuteAsync(_stranger, _market.Address, Calls.Market("mergeSet", 10 * OrderMessage.AmountPerLot));

        await _exchange.MineAtAsync(GuardedUntil(sign) + 1);

        Assert.Equal(SettlementFailure.OrderCancelled, await RefusalAsync(cancelled));
        await FillAsync(Buy(expiry: GuardedUntil(sign) + 3_600));
        await _exchange.Chain.ExecuteAsync(_exchange.Resolver, _market.Address, Calls.Market("resolve", 0));
        await _exchange.Chain.ExecuteAsync(_maker, _market.Address, Calls.Market("redeem", 0, Lots * OrderMessage.AmountPerLot));
        Assert.Equal(0, await _exchange.LotsOfAsync(_market, 0, _maker.Address));
    }

    [Fact]
    public async Task ASaltCancel_NamesWhoSentIt()
    {
        await SetUpAsync("cancels");
        var request = new CancelSaltMessage(_maker.Address, 7);
        var signature = _maker.Sign(OrderSigning.CancelHash(Exchange.DomainOf(_market), request));
        var own = await _exchange.Chain.ExecuteAsync(_maker, _market.Address, Calls.Market("cancelSalt", 6));
        var others = await _exchange.Chain.ExecuteAsync(
            _stranger,
            _market.Address,
            Calls.Market("cancelSaltSigned", _maker.Address, 7, signature)
        );
        Assert.Equal(_maker.Address, Assert.Single(Exchange.EventsOf(_market, own).OfType<MarketEvent.SaltCancelled>()).By);
        Assert.Equal(_stranger.Address, Assert.Single(Exchange.EventsOf(_market, others).OfType<MarketEvent.SaltCancelled>()).By);
    }

    private static long GuardedUntil(long sign) => sign + (long)MarketFactoryContract.DefaultOrderLife.TotalSeconds;

    private async Task<long> SetUpAsync(string name)
    {
        _market = await _exchange.MarketAsync(2);
        _maker = await _exchange.TraderAsync($"{name}: maker", 100);
        _stranger = await _exchange.TraderAsync($"{name}: stranger", 100);
        await _exchange.MintSetAsync(_market, _stranger, 1_000);
        return await SignAsync();
    }

    private async Task<long> SignAsync()
    {
        var receipt = await _exchange.Chain.ExecuteAsync(_exchange.Operator, _exchange.Factory.Address, MarketFactoryContract.SignOfLife());
        return (long)MarketFactoryContract.SignOfLifeEvent.Decode(Assert.Single(receipt.Logs)).Integer("time");
    }

    private MarketLeg Buy(long expiry) => _exchange.Leg(_market, _maker, 0, isBuy: true, 5_000, Lots, expiry: expiry);

    private Task FillAsync(MarketLeg leg) =>
        _exchange.Chain.ExecuteAsync(_stranger, _market.Address, MarketContract.FillOrderSigned(leg.Order, leg.Signature, leg.Amount));

    /// <param name="at">Time of a block that is mined before.</param>
    /// <returns>Code of the refusal of a stranger's fill; null if it would be done.</returns>
    private async Task<string?> RefusalAsync(MarketLeg leg, long lots = Lots, long? at = null)
    {
        if (at is { } second)
            await _exchange.MineAtAsync(second);
        var fill = MarketContract.FillOrderSigned(leg.Order, leg.Signature, lots * OrderMessage.AmountPerLot);
        // At the block itself, because a node calls "latest" with the time of a block that would come next.
        var block = await _exchange.Chain.Client.BlockNumberAsync();
        var result = (
            await _exchange.Chain.Client.CallManyAsync([new CallRequest(_market.Address, fill, _stranger.Address)], block, default)
        )[0];
        return result.Revert is { } revert ? SettlementFailure.Decode(revert.RevertData).Code : null;
    }
}
