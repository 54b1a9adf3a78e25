using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;
using Foresight.Chain.Tests.DevChain;
using Xunit;

namespace Foresight.Chain.Tests.Contracts;

public sealed class DirectFillTests(ExchangeFixture fixture) : IClassFixture<ExchangeFixture>
{
    private readonly Exchange _exchange = fixture.Exchange;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Fill_TradesWithTheCallerAtTheOrdersPrice(bool makerBuys)
    {
        var (market, maker, caller, expiry) = await SetUpAsync($"fill {makerBuys}");
        var leg = _exchange.Leg(market, maker, 1, makerBuys, 3_000, 500, expiry: expiry);
        var hash = OrderSigning.OrderHash(Exchange.DomainOf(market), leg.Order);

        var receipt = await _exchange.Chain.ExecuteAsync(
            caller,
            market.Address,
            MarketContract.FillOrderSigned(leg.Order, leg.Signature, 200 * OrderMessage.AmountPerLot)
        );

        var fill = Assert.Single(Exchange.EventsOf(market, receipt).OfType<MarketEvent.OrderFilled>());
        Assert.Equal((hash, maker.Address, makerBuys), (fill.OrderHash, fill.Maker, fill.IsBuy));
        Assert.True(fill.TradeId.IsZero);
        Assert.Empty(Exchange.EventsOf(market, receipt).OfType<MarketEvent.TradeSettled>());
        Assert.Equal(makerBuys ? 1_200 : 800, await _exchange.LotsOfAsync(market, 1, maker.Address));
        Assert.Equal(makerBuys ? 800 : 1_200, await _exchange.LotsOfAsync(market, 1, caller.Address));
        Assert.Equal(Exchange.Micros(makerBuys ? 89.4m : 90.6m), await _exchange.MicrosOfAsync(maker.Address));
        Assert.Equal(200 * OrderMessage.AmountPerLot, await market.FilledAsync(hash));
    }

    [Fact]
    public async Task Fill_AndSettlement_ShareTheOrdersAmount()
    {
        var (market, maker, caller, expiry) = await SetUpAsync("shared");
        var leg = _exchange.Leg(market, maker, 0, true, 5_000, 100, expiry: expiry);
        await _exchange.Chain.ExecuteAsync(
            caller,
            market.Address,
            MarketContract.FillOrderSigned(leg.Order, leg.Signature, 60 * OrderMessage.AmountPerLot)
        );

        MarketMatch Rest(long lots) =>
            _exchange.Match(leg with { Amount = lots * OrderMessage.AmountPerLot }, _exchange.Leg(market, caller, 0, false, 5_000, lots));
        var (events, _) = await _exchange.SettleAsync(market, Rest(41), Rest(40));

        Assert.Single(events.OfType<MarketEvent.TradeSettled>());
        Assert.Equal(
            SettlementFailure.OrderOverfilled,
            SettlementFailure.Decode(Assert.Single(events.OfType<MarketEvent.SettlementFailed>()).Reason).Code
        );
    }

    [Fact]
    public async Task Fill_OfAnOrderThatMayNotFill_IsRefusedWithTheSameReasonsAsASettlement()
    {
        var (market, maker, caller, expiry) = await SetUpAsync("refused");
        var leg = _exchange.Leg(market, maker, 0, true, 5_000, 100, expiry: expiry);
        async Task<string> RefusalAsync(OrderMessage order, byte[] signature, long lots)
        {
            var call = new CallRequest(
                market.Address,
                MarketContract.FillOrderSigned(order, signature, lots * OrderMessage.AmountPerLot),
                caller.Address
            );
            var e = await Assert.ThrowsAsync<RpcException>(() => _exchange.Chain.Client.CallAsync(call));
            Assert.True(e.IsRevert);
            return SettlementFailure.Decode(e.RevertData).Code;
        }

        Assert.Equal(SettlementFailure.OrderOverfilled, await RefusalAsync(leg.Order, leg.Signature, 101));
        Assert.Equal(SettlementFailure.Malformed, await RefusalAsync(leg.Order, leg.Signature, 0));
        Assert.Equal(
            SettlementFailure.InvalidSignature,
            await RefusalAsync(leg.Order with { Amount = leg.Order.Amount * 2 }, leg.Signature, 100)
        );
        var expired = _exchange.Leg(market, maker, 0, true, 5_000, 100, expiry: 1);
        Assert.Equal(SettlementFailure.OrderExpired, await RefusalAsync(expired.Order, expired.Signature, 100));
        await _exchange.Chain.ExecuteAsync(maker, market.Address, Calls.Market("cancelSalt", leg.Order.Salt));
        Assert.Equal(SettlementFailure.OrderCancelled, await RefusalAsync(leg.Order, leg.Signature, 100));
        await _exchange.Chain.ExecuteAsync(_exchange.Resolver, market.Address, Calls.Market("resolve", 0));
        Assert.Equal(SettlementFailure.MarketNotOpen, await RefusalAsync(leg.Order, leg.Signature, 100));
    }

    private async Task<(MarketContract, PrivateKey Maker, PrivateKey Caller, long Expiry)> SetUpAsync(string name)
    {
        var market = await _exchange.MarketAsync(2);
        var maker = await _exchange.TraderAsync($"{name}: maker", 100);
        var caller = await _exchange.TraderAsync($"{name}: caller", 100);
        await _exchange.MintSetAsync(market, maker, 1_000);
        await _exchange.MintSetAsync(market, caller, 1_000);
        return (market, maker, caller, await _exchange.EscapeAsync());
    }
}
