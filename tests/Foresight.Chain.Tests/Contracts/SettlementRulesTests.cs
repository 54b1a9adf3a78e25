using System.Numerics;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;
using Foresight.Chain.Tests.DevChain;
using Xunit;

namespace Foresight.Chain.Tests.Contracts;

public sealed class SettlementRulesTests(ExchangeFixture fixture) : SettlementScenario(fixture)
{
    [Fact]
    public async Task OrderFilledBeyondItsAmount()
    {
        await SetUpAsync("overfilled");
        var failure = await OnlyThisFailsAsync(Venue.Match(Venue.Leg(Market, Bad, 0, true, 5_000, 100, fillLots: 101), Sell(Seller, 101)));
        Assert.Equal(SettlementFailure.OrderOverfilled, failure.Code);
    }

    [Fact]
    public async Task TradeSettledBefore()
    {
        await SetUpAsync("twice");
        var match = Venue.Match(Buy(Buyer), Sell(Seller));
        await Venue.SettleAsync(Market, match);

        var failure = await OnlyThisFailsAsync(match with { Legs = Venue.Match(Buy(Bad), Sell(Seller)).Legs });

        Assert.Equal((SettlementFailure.DuplicateTrade, FailureBlame.Relayer), (failure.Code, failure.Blame));
    }

    [Fact]
    public async Task SignatureThatIsNotTheMakersOfThisOrderInThisMarket()
    {
        await SetUpAsync("matrix");
        var good = Buy(Bad);
        var other = await Venue.MarketAsync(2);
        var (domain, order, v) = (Exchange.DomainOf(Market), good.Order, good.Signature[64]);
        var s = new BigInteger(good.Signature.AsSpan(32, 32), isUnsigned: true, isBigEndian: true);
        var n = new BigInteger(Secp256k1.Order, isUnsigned: true, isBigEndian: true);
        byte[] rs = good.Signature[..64];
        MarketLeg Signed(TypedDataDomain by) => good with { Signature = OrderSigning.Sign(by, order, Bad) };
        MarketLeg[] wrong =
        [
            Signed(TypedDataDomain.OfMarket(1, Market.Address)),
            Signed(Exchange.DomainOf(other)),
            Signed(new TypedDataDomain("Foresight", "1", AnvilChain.ChainId, Market.Address)),
            Signed(new TypedDataDomain(TypedDataDomain.MarketName, "2", AnvilChain.ChainId, Market.Address)),
            good with
            {
                Signature = OrderSigning.Sign(domain, order, Seller),
            },
            good with
            {
                Order = order with { Amount = order.Amount * 2 },
            },
            good with
            {
                Order = order with { Price = order.Price + 100 },
            },
            good with
            {
                Order = order with { Salt = order.Salt + 1_000_000 },
            },
            good with
            {
                Order = order with { Expiry = 4_000_000_000 },
            },
            good with
            {
                Order = order with { Maker = Buyer.Address },
            },
            good with
            {
                Order = order with { Maker = Address.Zero },
            },
            good with
            {
                Signature = [.. good.Signature[..32], .. Word.ToBytes(n - s), (byte)(55 - v)],
            },
            good with
            {
                Signature = [.. rs, (byte)(v - 27)],
            },
            good with
            {
                Signature = rs,
            },
            good with
            {
                Signature = [.. rs[..32], (byte)(rs[32] | (v == 28 ? 0x80 : 0)), .. rs[33..]],
            },
            good with
            {
                Signature = [.. good.Signature, 0],
            },
            good with
            {
                Signature = [],
            },
            good with
            {
                Signature = new byte[65],
            },
        ];

        var (events, _) = await Venue.SettleAsync(Market, [.. wrong.Select(leg => Venue.Match(leg, Sell(Seller)))]);

        Assert.Empty(events.OfType<MarketEvent.TradeSettled>());
        Assert.All(
            events.OfType<MarketEvent.SettlementFailed>(),
            e => Assert.Equal(SettlementFailure.InvalidSignature, SettlementFailure.Decode(e.Reason).Code)
        );
        Assert.Equal(wrong.Length, events.OfType<MarketEvent.SettlementFailed>().Count());

        var (after, _) = await Venue.SettleAsync(Market, Venue.Match(good, Sell(Seller)));
        Assert.Single(after.OfType<MarketEvent.TradeSettled>());
    }

    [Fact]
    public async Task PriceBeyondTheLimit()
    {
        await SetUpAsync("limit");
        var tooDear = Venue.Match(
            Venue.Leg(Market, Bad, 0, true, 5_000, 100, fillTicks: 5_001),
            Venue.Leg(Market, Seller, 0, false, 5_000, 100, fillTicks: 5_001)
        );
        var failure = await OnlyThisFailsAsync(tooDear);
        Assert.Equal(
            (SettlementFailure.PriceOutsideLimit, FailureBlame.Relayer, HashOf(tooDear.Legs[0])),
            (failure.Code, failure.Blame, failure.OrderHash)
        );

        var tooCheap = Venue.Match(
            Venue.Leg(Market, Bad, 0, true, 5_000, 100, fillTicks: 4_999),
            Venue.Leg(Market, Seller, 0, false, 5_000, 100, fillTicks: 4_999)
        );
        Assert.Equal(HashOf(tooCheap.Legs[1]), (await OnlyThisFailsAsync(tooCheap)).OrderHash);
    }

    [Fact]
    public async Task LegsThatAreNoMatch()
    {
        await SetUpAsync("malformed");
        var lot = OrderMessage.AmountPerLot;
        MarketMatch[] malformed =
        [
            Venue.Match(),
            Venue.Match(Buy(Bad)),
            Venue.Match(Buy(Bad), Buy(Buyer)),
            Venue.Match(Sell(Bad), Sell(Seller)),
            Venue.Match(Buy(Bad), Sell(Seller, 100, outcome: 1)),
            Venue.Match(Buy(Bad), Sell(Seller, 99)),
            Venue.Match(Buy(Bad), Sell(Seller), Sell(Seller)),
            Venue.Match(Buy(Bad), Sell(Seller) with { Price = 500_100 }),
            Venue.Match(Venue.Leg(Market, Bad, 0, true, 5_000, 100), Venue.Leg(Market, Buyer, 1, true, 4_999, 100)),
            Venue.Match(Venue.Leg(Market, Bad, 0, true, 5_000, 100), Venue.Leg(Market, Buyer, 1, true, 5_001, 100)),
            Venue.Match(Venue.Leg(Market, Bad, 2, true, 5_000, 100), Venue.Leg(Market, Seller, 2, false, 5_000, 100)),
            Venue.Match(Buy(Bad) with { Amount = lot / 2 }, Sell(Seller) with { Amount = lot / 2 }),
            Venue.Match(Buy(Bad) with { Amount = 0 }, Sell(Seller) with { Amount = 0 }),
            Venue.Match(Venue.Leg(Market, Bad, 0, true, 5_000, 100) with { Price = 499_950 }, Sell(Seller) with { Price = 499_950 }),
            Venue.Match(Buy(Bad) with { Price = 0 }, Sell(Seller) with { Price = 0 }),
            Venue.Match(Buy(Bad), Sell(Seller)) with
            {
                TradeId = 0,
            },
        ];

        var (events, _) = await Venue.SettleAsync(Market, malformed);

        Assert.Equal(malformed.Length, events.OfType<MarketEvent.SettlementFailed>().Count());
        Assert.All(
            events.OfType<MarketEvent.SettlementFailed>(),
            e => Assert.Equal(SettlementFailure.Malformed, SettlementFailure.Decode(e.Reason).Code)
        );
    }

    [Fact]
    public async Task MarketPaused_FailsEveryMatch_AndNotTheTransaction()
    {
        await SetUpAsync("paused");
        await Venue.Chain.ExecuteAsync(Venue.Operator, Market.Address, Calls.Market("pause"));

        var match = Venue.Match(Buy(Buyer), Sell(Seller));
        var (events, _) = await Venue.SettleAsync(Market, match);
        var failure = SettlementFailure.Decode(Assert.Single(events.OfType<MarketEvent.SettlementFailed>()).Reason);
        Assert.Equal((SettlementFailure.MarketPaused, FailureBlame.Nobody), (failure.Code, failure.Blame));

        await Venue.Chain.ExecuteAsync(Venue.Admin, Market.Address, Calls.Market("unpause"));
        (events, _) = await Venue.SettleAsync(Market, match);
        Assert.Single(events.OfType<MarketEvent.TradeSettled>());
    }

    [Fact]
    public async Task TooLittleGas_RevertsTheBatch_InsteadOfTellingOfFailures()
    {
        await SetUpAsync("gas");
        MarketMatch[] matches = [.. Enumerable.Range(0, 5).Select(_ => Venue.Match(Buy(Buyer), Sell(Seller)))];
        var data = MarketContract.Settle(matches);
        var enough = await Venue.Chain.EstimateGasAsync(Venue.Operator.Address, Market.Address, data);

        // Below the intrinsic cost of the transaction a node does not mine it at all, so the search starts above it.
        for (var gas = 400_000; gas < enough; gas += 150_000)
        {
            var receipt = await Venue.Chain.SendAsync(Venue.Operator, Market.Address, data, gas);
            Assert.False(receipt.Succeeded);
            Assert.Empty(receipt.Logs);
        }

        var settled = await Venue.Chain.SendAsync(Venue.Operator, Market.Address, data, enough);
        Assert.Equal(5, Exchange.EventsOf(Market, settled).OfType<MarketEvent.TradeSettled>().Count());
    }
}
