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
            (fills[0].OrderHash, fills[0].Maker, fills[0].TradeId, fills[0].OutcomeIndex, fills[0].IsBuy, fills[0].Price, fills[0].Amount)
        );
        Assert.Equal((seller.Address, false), (fills[1].Maker, fills[1].IsBuy));

        // 10 shares at 0.60 move 6 USDC.
        Assert.Equal(Exchange.Micros(94), await _exchange.MicrosOfAsync(buyer.Address));
        Assert.Equal(Exchange.Micros(56), await _exchange.MicrosOfAsync(seller.Address));
        Assert.Equal(1_000, await _exchange.LotsOfAsync(market, 0, buyer.Address));
        Assert.Equal(4_000, await _exchange.LotsOfAsync(market, 0, seller.Address));
        Assert.Equal(buy.Amount, await market.FilledAsync(hash));
        Assert.True(await market.ReadAsync<bool>(MarketContract.IsTradeSettledFunction, default, default, match.TradeId));
        Assert.Equal(hash, await market.ReadAsync<Hash32>(ContractArtifact.Market.Function("orderHash"), default, default, [buy.Order]));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(8)]
    public async Task Settle_ABuyOfEveryOutcome_MakesACompleteSetFromTheBuyersMoney(int outcomes)
    {
        var market = await _exchange.MarketAsync(outcomes);
        var buyers = await TradersAsync($"minting {outcomes}", outcomes, 100);
        var prices = PricesThatSumToOne(outcomes);
        var match = _exchange.Match([
            .. buyers.Select((b, k) => _exchange.Leg(market, b, k, isBuy: true, prices[k] + 1, 200, fillTicks: prices[k])),
        ]);

        var (events, _) = await _exchange.SettleAsync(market, match);

        Assert.Equal(SettlementKind.Mint, Assert.Single(events.OfType<MarketEvent.TradeSettled>()).Kind);
        Assert.Equal(outcomes, events.OfType<MarketEvent.OrderFilled>().Count());
        for (var k = 0; k < outcomes; k++)
        {
            Assert.Equal(200, await _exchange.LotsOfAsync(market, k, buyers[k].Address));
            Assert.Equal(Exchange.Micros(100) - (prices[k] * 200), await _exchange.MicrosOfAsync(buyers[k].Address));
        }

        // Two complete sets are backed by two USDC.
        Assert.Equal(Exchange.Micros(2), await _exchange.MicrosOfAsync(market.Address));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Settle_ASellOfEveryOutcome_TurnsACompleteSetIntoTheSellersMoney(int outcomes)
    {
        var market = await _exchange.MarketAsync(outcomes);
        var sellers = await TradersAsync($"merging {outcomes}", outcomes, 100);
        foreach (var seller in sellers)
            await _exchange.MintSetAsync(market, seller, 1_000);
        var prices = PricesThatSumToOne(outcomes);
        var match = _exchange.Match([.. sellers.Select((s, k) => _exchange.Leg(market, s, k, isBuy: false, prices[k], 300))]);

        var (events, _) = await _exchange.SettleAsync(market, match);

        Assert.Equal(SettlementKind.Merge, Assert.Single(events.OfType<MarketEvent.TradeSettled>()).Kind);
        for (var k = 0; k < outcomes; k++)
        {
            Assert.Equal(700, await _exchange.LotsOfAsync(market, k, sellers[k].Address));
            Assert.Equal(Exchange.Micros(90) + (prices[k] * 300), await _exchange.MicrosOfAsync(sellers[k].Address));
        }

        Assert.Equal(Exchange.Micros((10 * outcomes) - 3), await _exchange.MicrosOfAsync(market.Address));
    }

    [Fact]
    public async Task Settle_OneOrderInManyMatches_FillsItToItsLastLotAndNotFurther()
    {
        var market = await _exchange.MarketAsync(2);
        var buyer = await _exchange.TraderAsync("filled buyer", 100);
        var seller = await _exchange.TraderAsync("filled seller", 100);
        await _exchange.MintSetAsync(market, seller, 5_000);
        var buy = _exchange.Leg(market, buyer, 1, isBuy: true, 5_000, 100);
        MarketMatch Part(long lots) =>
            _exchange.Match(
                buy with
                {
                    Amount = lots * OrderMessage.AmountPerLot,
                },
                _exchange.Leg(market, seller, 1, isBuy: false, 5_000, lots)
            );

        var (events, _) = await _exchange.SettleAsync(market, Part(60), Part(40), Part(1));

        Assert.Equal(2, events.OfType<MarketEvent.TradeSettled>().Count());
        var failure = SettlementFailure.Decode(Assert.Single(events.OfType<MarketEvent.SettlementFailed>()).Reason);
        Assert.Equal(SettlementFailure.OrderOverfilled, failure.Code);
        Assert.Equal(OrderSigning.OrderHash(Exchange.DomainOf(market), buy.Order), failure.OrderHash);
        Assert.Equal(100, await _exchange.LotsOfAsync(market, 1, buyer.Address));
    }

    private async Task<PrivateKey[]> TradersAsync(string name, int count, decimal usdc)
    {
        var traders = new PrivateKey[count];
        for (var i = 0; i < count; i++)
            traders[i] = await _exchange.TraderAsync($"{name}, trader {i}", usdc);
        return traders;
    }

    private static int[] PricesThatSumToOne(int outcomes)
    {
        int[] prices = [.. Enumerable.Repeat((10_000 / outcomes) - 7, outcomes)];
        prices[^1] = 10_000 - prices[..^1].Sum();
        return prices;
    }
}
