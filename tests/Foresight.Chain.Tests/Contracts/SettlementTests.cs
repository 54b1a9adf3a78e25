using System.Numerics;
using Foresight.Chain.Contracts;
using Foresight.Chain.Signing;
using Foresight.Chain.Tests.DevChain;
using Xunit;

namespace Foresight.Chain.Tests.Contracts;

public sealed class SettlementTests(ExchangeFixture fixture) : IClassFixture<ExchangeFixture>
{
    private readonly Exchange _exchange = fixture.Exchange;

    [Fact]
    public async Task Settle_ABuyAndASellOfOneOutcome_MovesMoneyAndSharesBetweenTheTwo()
    {
        var market = await _exchange.MarketAsync(2);
        var buyer = await _exchange.TraderAsync("direct buyer", 100);
        var seller = await _exchange.TraderAsync("direct seller", 100);
        await _exchange.MintSetAsync(market, seller, 5_000);
        var buy = _exchange.Leg(market, buyer, 0, isBuy: true, 6_100, 2_000, fillTicks: 6_000, fillLots: 1_000);
        var sell = _exchange.Leg(market, seller, 0, isBuy: false, 6_000, 1_000);
        var match = _exchange.Match(buy, sell);

        var (events, _) = await _exchange.SettleAsync(market, match);

        var settled = Assert.Single(events.OfType<MarketEvent.TradeSettled>());
        Assert.Equal((match.TradeId, SettlementKind.Direct, buy.Amount), (settled.TradeId, settled.Kind, settled.Amount));
        var fills = events.OfType<MarketEvent.OrderFilled>().ToArray();
        var hash = OrderSigning.OrderHash(Exchange.DomainOf(market), buy.Order);
        Assert.Equal(
            (hash, buyer.Address, match.TradeId, BigInteger.Zero, true, (BigInteger)600_000, buy.Amount),
            (fills[0].OrderHash, fills[0].Maker, fills[0].TradeId, fills[0].OutcomeIndex, fills[0].IsBuy, fills[0].Price, fills[0].Amount));
        Assert.Equal((seller.Address, false), (fills[1].Maker, fills[1].IsBuy));

        // 10 shares at 0.60.
        Assert.Equal(Exchange.Micros(94), await _exchange.MicrosOfAsync(buyer.Address));
        Assert.Equal(Exchange.Micros(56), await _exchange.MicrosOfAsync(seller.Address));
        Assert.Equal(1_000, await _exchange.LotsOfAsync(market, 0, buyer.Address));
        Assert.Equal(4_000, await _exchange.LotsOfAsync(market, 0, seller.Address));
        Assert.Equal(buy.Amount, await market.FilledAsync(hash));
        Assert.True(await market.IsTradeSettledAsync(match.TradeId));
        Assert.Equal(hash, await market.OrderHashAsync(buy.Order));
    }
}
