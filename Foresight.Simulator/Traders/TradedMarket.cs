using Foresight.Matching.Engine;
using Foresight.Protocol;

namespace Foresight.Simulator.Traders;

/// <summary>What a trader must know of a market to sign and price an order in it.</summary>
/// <param name="Address">The market's contract: the verifying contract of every signature.</param>
/// <param name="Outcomes">2..8. With 2, buying one outcome at p is the same as selling the other at 1 - p.</param>
/// <param name="TickSize">Smallest price step: 1, 10 or 100 ticks.</param>
public sealed record TradedMarket(int Id, string Address, int Outcomes, int TickSize)
{
    public bool IsBinary => Outcomes == 2;

    public static TradedMarket From(MarketView view) =>
        new(view.Id, view.Address, view.Outcomes.Count, WireUnits.ParseTicks(view.TickSize));

    /// <summary>The nearest valid price of this market's grid.</summary>
    public Price RoundToTick(double probability)
    {
        var steps = (int)Math.Round(probability * Price.TicksPerUnit / TickSize);
        return new Price(Math.Clamp(steps, 1, Price.TicksPerUnit / TickSize - 1) * TickSize);
    }
}
