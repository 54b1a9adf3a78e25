using Foresight.Matching.Engine;
using Foresight.Simulator.Traders;

namespace Foresight.Simulator.Flow;

public sealed class Taker(Trader trader, FlowRandom random, TimeProvider clock)
{
    private const int RestingOrdersKept = 6;
    private const double SmallestOrder = 2;
    private const double OrderTail = 1.4;
    private const long LargestOrderLots = 100_000;

    /// <summary>Distance from the fair value: an impatient taker goes this far beyond it, a patient one stays this far short.</summary>
    private const double Reach = 0.03;

    private static readonly TimeSpan PatientLife = TimeSpan.FromMinutes(2);

    private readonly RestingSlot[] _resting = [.. Enumerable.Range(0, RestingOrdersKept).Select(_ => new RestingSlot())];

    public FlowStep Decide(TimeSpan pause, TradedMarket market, LatentProbability latent)
    {
        var outcome = random.Below(market.Outcomes);
        var side = random.Chance(0.5) ? Side.Buy : Side.Sell;
        var lots = Math.Clamp((long)(random.Pareto(SmallestOrder, OrderTail) * 100), Quantity.MinLots, LargestOrderLots);
        var reach = Reach * random.Uniform();
        var style = random.Uniform();
        var (timeInForce, postOnly, hurried, rests) = style switch
        {
            < 0.55 => (TimeInForce.ImmediateOrCancel, false, true, false),
            < 0.75 => (TimeInForce.GoodTilCancelled, false, true, true),
            < 0.83 => (TimeInForce.FillOrKill, false, true, false),
            < 0.93 => (TimeInForce.GoodTilDate, false, false, true),
            _ => (TimeInForce.GoodTilCancelled, true, false, true),
        };
        var towards = hurried == (side == Side.Buy) ? reach : -reach;
        var price = market.RoundToTick(latent.Of(outcome) + towards);
        DateTimeOffset? expires = timeInForce == TimeInForce.GoodTilDate ? clock.GetUtcNow() + PatientLife * (1 + random.Uniform()) : null;
        var intent = new OrderIntent(market, outcome, side, price, new Quantity(lots), timeInForce, postOnly, expires);
        return new FlowStep(pause, trader, intent, rests ? _resting[random.Below(_resting.Length)] : null);
    }
}
