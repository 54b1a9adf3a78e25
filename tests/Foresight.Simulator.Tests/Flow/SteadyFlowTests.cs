using Foresight.Simulator.Flow;
using Foresight.Simulator.Traders;

namespace Foresight.Simulator.Tests.Flow;

public sealed class SteadyFlowTests
{
    [Fact]
    public void OrdersCome_AtAnEvenPace_FromEachTraderForEachMarketInTurn_NearTheMiddle()
    {
        var traders = Trader.FromSeed(1, 3);
        var flow = new SteadyFlow(1, 100, TestMarkets.Both, traders);
        for (var turn = 0; turn < 600; turn++)
        {
            var step = flow.Next();
            Assert.Equal(
                (TimeSpan.FromMilliseconds(10), TestMarkets.Both[turn % 2], traders[turn % 3]),
                (step.Pause, step.Intent.Market, step.Trader)
            );
            var middle = step.Intent.Market.RoundToTick(1.0 / step.Intent.Market.Outcomes).Ticks;
            Assert.InRange((step.Intent.Price.Ticks - middle) / step.Intent.Market.TickSize, -5, 5);
            Assert.InRange(step.Intent.Quantity.Lots, 1, 500);
            // A replaced order could not be accounted for by its acknowledgement.
            Assert.Null(step.Slot);
        }
    }
}
