using System.Numerics;
using Foresight.Chain.Contracts;
using Foresight.Chain.Signing;
using Foresight.Chain.Tests.DevChain;
using Xunit;

namespace Foresight.Chain.Tests.Contracts;

public abstract class SettlementScenario(ExchangeFixture fixture) : IClassFixture<ExchangeFixture>
{
    protected Exchange Venue { get; } = fixture.Exchange;
    protected MarketContract Market { get; private set; } = null!;
    protected PrivateKey Buyer { get; private set; } = null!;
    protected PrivateKey Seller { get; private set; } = null!;
    protected PrivateKey Bad { get; private set; } = null!;

    protected async Task SetUpAsync(string name)
    {
        Market = await Venue.MarketAsync(2);
        Buyer = await Venue.TraderAsync($"{name}: buyer", 100);
        Seller = await Venue.TraderAsync($"{name}: seller", 100);
        Bad = await Venue.TraderAsync($"{name}: bad", 100);
        await Venue.MintSetAsync(Market, Seller, 5_000);
        await Venue.MintSetAsync(Market, Bad, 1_000);
    }

    protected MarketLeg Buy(PrivateKey maker) => Venue.Leg(Market, maker, 0, isBuy: true, 5_000, 100);

    protected MarketLeg Sell(PrivateKey maker, long lots = 100, int outcome = 0) =>
        Venue.Leg(Market, maker, outcome, isBuy: false, 5_000, lots);

    protected Hash32 HashOf(MarketLeg leg) => OrderSigning.OrderHash(Exchange.DomainOf(Market), leg.Order);

    protected async Task<SettlementFailure> OnlyThisFailsAsync(MarketMatch bad)
    {
        var before = await HoldingsOfBadAsync();
        var (first, last) = (Venue.Match(Buy(Buyer), Sell(Seller)), Venue.Match(Buy(Buyer), Sell(Seller)));

        var (events, _) = await Venue.SettleAsync(Market, first, bad, last);

        Assert.Equal([first.TradeId, last.TradeId], events.OfType<MarketEvent.TradeSettled>().Select(e => e.TradeId));
        Assert.Equal(4, events.OfType<MarketEvent.OrderFilled>().Count());
        var failed = Assert.Single(events.OfType<MarketEvent.SettlementFailed>());
        Assert.Equal(bad.TradeId, failed.TradeId);
        Assert.Equal(before, await HoldingsOfBadAsync());
        return SettlementFailure.Decode(failed.Reason);
    }

    private async Task<(BigInteger, long, long)> HoldingsOfBadAsync() =>
        (
            await Venue.MicrosOfAsync(Bad.Address),
            await Venue.LotsOfAsync(Market, 0, Bad.Address),
            await Venue.LotsOfAsync(Market, 1, Bad.Address)
        );
}
