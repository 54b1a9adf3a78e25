using Foresight.Chain.Signing;
using Foresight.Contracts;
using Foresight.Exchange;
using Foresight.Simulator.Flow;
using Foresight.Simulator.Load;
using Foresight.Simulator.Traders;

namespace Foresight.EndToEnd.Tests.Simulator;

public sealed class FlowTests
{
    private static readonly IReadOnlyList<TradedMarket> Markets =
        [new(1, "0x0000000000000000000000000000000000000001", 2, 1), new(2, "0x0000000000000000000000000000000000000002", 3, 100)];

    private readonly IReadOnlyList<Trader> traders = Trader.FromSeed(5, 8);

    [Fact]
    public void SameSeed_MakesTheSameDecisions_AnotherSeedOthers()
    {
        var clock = new FrozenClock();
        var (first, again, other) = (Decisions(5, clock), Decisions(5, clock), Decisions(6, clock));
        Assert.Equal(first, again);
        Assert.NotEqual(first, other);
    }

    [Fact]
    public void Decisions_AreValidOrders_OfEveryKind()
    {
        var flow = new BelievableFlow(3, 20, Markets, traders, TimeProvider.System);
        var steps = Enumerable.Range(0, 3000).Select(_ => flow.Next()).ToList();
        Assert.All(steps, step =>
        {
            Assert.InRange(step.Intent.Price.Ticks, Price.MinTicks, Price.MaxTicks);
            Assert.Equal(0, step.Intent.Price.Ticks % step.Intent.Market.TickSize);
            Assert.InRange(step.Intent.Quantity.Lots, Quantity.MinLots, Quantity.MaxLots);
            Assert.InRange(step.Intent.Outcome, 0, step.Intent.Market.Outcomes - 1);
            Assert.Equal(step.Intent.TimeInForce == TimeInForce.GoodTilDate, step.Intent.ExpiresAt is not null);
        });
        Assert.Equal(Enum.GetValues<TimeInForce>(), steps.Select(s => s.Intent.TimeInForce).Distinct().Order());
        Assert.Contains(steps, s => s.Intent.PostOnly);
        Assert.InRange(steps.Average(s => s.Pause.TotalSeconds), 0.045, 0.055);
    }

    [Fact]
    public void LatentProbabilities_StayInsideTheirBounds_AndSumToOne()
    {
        var latent = new LatentProbability(3, new FlowRandom(1));
        for (var i = 0; i < 10_000; i++)
        {
            latent.Step();
            Assert.Equal(1.0, latent.Of(0) + latent.Of(1) + latent.Of(2), 9);
            Assert.InRange(latent.Of(0), 0.001, 0.999);
        }
    }

    [Fact]
    public void TraderWithoutShares_BuysTheOtherOutcome_AndWithThemSells()
    {
        var holdings = new Holdings();
        holdings.Refresh(Account(("USDC", "100")));
        var sell = new OrderIntent(Markets[0], 0, Side.Sell, new Price(6000), new Quantity(1000));
        Assert.Equal(sell with { Outcome = 1, Side = Side.Buy, Price = new Price(4000) }, holdings.Afford(sell));

        holdings.Refresh(Account(("USDC", "100"), ("1:0", "10")));
        Assert.Equal(sell, holdings.Afford(sell));
        holdings.Reserve(sell);
        Assert.Equal(Side.Buy, holdings.Afford(sell)!.Side);
        Assert.Null(holdings.Afford(sell with { Quantity = new Quantity(1_000_000) }));
        Assert.Null(holdings.Afford(sell with { Market = Markets[1] }));
    }

    [Fact]
    public void SignedOrder_IsNamedByTheHashThatItsMakerSigned()
    {
        var intent = new OrderIntent(
            Markets[0], 1, Side.Sell, new Price(1234), new Quantity(77), TimeInForce.GoodTilDate, false,
            DateTimeOffset.UnixEpoch.AddYears(70));
        var signed = new OrderSigner(31337).Sign(traders[0], intent);
        Assert.Equal(
            ("123400", "770000000000000000", false), (signed.Request.Order.Price, signed.Request.Order.Amount, signed.Request.Order.IsBuy));
        var hash = Foresight.Chain.Hash32.Parse(signed.OrderId);
        var signature = Convert.FromHexString(signed.Request.Signature[2..]);
        Assert.True(OrderSigning.Check(hash, signature, traders[0].Address).IsValid);
    }

    [Fact]
    public void Percentiles_AreWithinTheirBuckets()
    {
        var histogram = new LatencyHistogram();
        for (var i = 1; i <= 1000; i++)
            histogram.Record(TimeSpan.FromMilliseconds(i));
        Assert.InRange(histogram.Percentile(0.5).TotalMilliseconds, 500, 511);
        Assert.InRange(histogram.Percentile(0.99).TotalMilliseconds, 990, 1011);
        Assert.Equal(1000, histogram.Max.TotalMilliseconds);
    }

    private List<(TimeSpan, string, OrderIntent)> Decisions(ulong seed, TimeProvider clock)
    {
        var flow = new BelievableFlow(seed, 20, Markets, traders, clock);
        return [.. Enumerable.Range(0, 500).Select(_ => flow.Next()).Select(step => (step.Pause, step.Trader.Name, step.Intent))];
    }

    private static AccountView Account(params (string Asset, string Available)[] balances) => new(
        "0x", 1, [.. balances.Select(b => new BalanceView(b.Asset, b.Available, "0", "0", b.Available))]);

    private sealed class FrozenClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddYears(60);
    }
}
