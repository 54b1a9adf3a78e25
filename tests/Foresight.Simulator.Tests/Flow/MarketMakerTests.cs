using Foresight.Matching.Engine;
using Foresight.Simulator.Flow;
using Foresight.Simulator.Traders;

namespace Foresight.Simulator.Tests.Flow;

public sealed class MarketMakerTests
{
    private readonly LatentProbability _latent = new(2, new FlowRandom(1));
    private readonly MarketMaker _maker = new(Trader.FromSeed(1, 1)[0], TestMarkets.Binary, new FlowRandom(2), new FrozenClock());

    [Fact]
    public void TheFirstQuotes_AreAllLevelsOfBothSides_AroundWhatIsBelieved()
    {
        var quotes = Enumerable.Range(0, 8).Select(_ => Requote()).ToList();
        Assert.Equal(8, quotes.Select(quote => quote.Slot).Distinct().Count());
        var fair = _latent.Of(0) * Price.TicksPerUnit;
        Assert.All(
            quotes,
            quote =>
            {
                Assert.Equal(0, quote.Intent.Outcome);
                Assert.True(quote.Intent.Side == Side.Buy ? quote.Intent.Price.Ticks < fair : quote.Intent.Price.Ticks > fair);
                Assert.InRange(quote.Intent.ExpiresAt!.Value - FrozenClock.Now, TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(10));
            }
        );
        Assert.Equal(4, quotes.Count(quote => quote.Intent.Side == Side.Buy));
    }

    [Fact]
    public void WhenOpinionsMove_TheQuoteFarthestOffIsReplacedFirst()
    {
        for (var i = 0; i < 8; i++)
            Requote();
        var before = _latent.Of(0);
        while (Math.Abs(_latent.Of(0) - before) < 0.02)
            _latent.Step();
        var replaced = Enumerable.Range(0, 8).Select(_ => Requote()).ToList();
        Assert.Equal(8, replaced.Select(quote => quote.Slot).Distinct().Count());
    }

    private FlowStep Requote() => _maker.Requote(TimeSpan.Zero, _latent);
}
