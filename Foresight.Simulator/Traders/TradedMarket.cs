using Foresight.Matching.Engine;
using Foresight.Protocol;

namespace Foresight.Simulator.Traders;

/// <param name="Address">Contract of the market, the verifying contract of every signature.</param>
/// <param name="Outcomes">2 to 8. With 2, buying one outcome at p equals selling the other at 1 - p.</param>
/// <param name="TickSize">Smallest price step: 1, 10 or 100 ticks.</param>
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
