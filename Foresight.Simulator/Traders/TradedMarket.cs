using Foresight.Matching.Engine;
using Foresight.Protocol;

namespace Foresight.Simulator.Traders;

/// <param name="Address">Verifying contract of every signature.</param>
/// <param name="TickSize">1, 10 or 100 ticks.</param>
public sealed record TradedMarket(int Id, string Address, int Outcomes, int TickSize)
{
    public bool IsBinary => Outcomes == 2;

    public static TradedMarket From(MarketView view) =>
        new(view.Id, view.Address, view.Outcomes.Count, WireUnits.ParseTicks(view.TickSize));

    public Price RoundToTick(double probability)
    {
        var steps = (int)Math.Round(probability * Price.TicksPerUnit / TickSize);
        return new Price(Math.Clamp(steps, 1, Price.TicksPerUnit / TickSize - 1) * TickSize);
    }
}
