using Foresight.Matching.Engine;
using Foresight.Simulator.Flow;
using Foresight.Simulator.Traders;

namespace Foresight.Simulator.Tests.Flow;

public sealed class TakerTests
{
    private readonly LatentProbability _latent = new(2, new FlowRandom(1));
    private readonly List<FlowStep> _steps;

    public TakerTests()
    {
        var taker = new Taker(Trader.FromSeed(1, 1)[0], new FlowRandom(2), new FrozenClock());
        _steps = [.. Enumerable.Range(0, 2_000).Select(_ => taker.Decide(TimeSpan.Zero, TestMarkets.Binary, _latent))];
    }

    [Fact]
    public void OrdersThatRest_HaveASlot_AndOthersHaveNone()
    {
        Assert.All(
            _steps,
            step => Assert.Equal(step.Intent.TimeInForce is TimeInForce.GoodTilCancelled or TimeInForce.GoodTilDate, step.Slot is not null)
        );
        Assert.Equal(6, _steps.Select(step => step.Slot).OfType<RestingSlot>().Distinct().Count());
    }

    [Fact]
    public void ImpatientOrder_GoesBeyondTheFairValue_AndOneThatOnlyPostsStaysShort()
    {
        foreach (var intent in _steps.Select(step => step.Intent))
        {
            var fair = _latent.Of(intent.Outcome) * Price.TicksPerUnit;
            var beyond = intent.Side == Side.Buy ? intent.Price.Ticks - fair : fair - intent.Price.Ticks;
            if (intent.PostOnly || intent.TimeInForce == TimeInForce.GoodTilDate)
                Assert.InRange(beyond, -301, 1);
            else
                Assert.InRange(beyond, -1, 301);
        }
    }

    [Fact]
    public void OnlyOrdersWithADate_Expire_WithinTwiceTheirLife() =>
        Assert.All(
            _steps.Select(step => step.Intent),
            intent =>
            {
                Assert.Equal(intent.TimeInForce == TimeInForce.GoodTilDate, intent.ExpiresAt is not null);
                if (intent.ExpiresAt is { } end)
                    Assert.InRange(end - FrozenClock.Now, TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(4));
            }
        );

    [Fact]
    public void Sizes_AreBounded_AndEveryStyleOccurs()
    {
        Assert.All(_steps, step => Assert.InRange(step.Intent.Quantity.Lots, 200, 100_000));
        Assert.Equal(4, _steps.Select(step => step.Intent.TimeInForce).Distinct().Count());
        Assert.InRange(_steps.Count(step => step.Intent.TimeInForce == TimeInForce.ImmediateOrCancel), 1_000, 1_200);
        Assert.InRange(_steps.Count(step => step.Intent.Side == Side.Buy), 900, 1_100);
    }
}
