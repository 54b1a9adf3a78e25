using Foresight.Matching.Engine;
using Foresight.Matching.Orders;
using Foresight.Protocol;

namespace Foresight.Matching.Sequencing;

/// <summary>
/// Quantities of touched levels are read once, at the end of the batch: receivers see committed states, and those between two commands of a
/// batch are never committed by themselves.
/// </summary>
internal sealed class DepthChanges
{
    private readonly Dictionary<MarketId, HashSet<(byte Outcome, Side Side, int PriceTicks)>> _touched = [];

    public void Touch(LiveOrder order)
    {
        if (!_touched.TryGetValue(order.Market, out var levels))
            _touched.Add(order.Market, levels = []);
        levels.Add((order.Outcome, order.Side, order.Price.Ticks));
    }

    public IEnumerable<(MarketId Market, IReadOnlyList<LevelChange> Levels)> Read(
        ExchangeEngine engine,
        IReadOnlyDictionary<MarketId, Market> markets
    )
    {
        foreach (var (market, levels) in _touched)
        {
            var isBinary = markets[market].Outcomes == 2;
            var all = new HashSet<(byte Outcome, Side Side, int PriceTicks)>(levels);
            // A binary market has one book; its outcomes are two views of it, at mirrored prices.
            if (isBinary)
                foreach (var level in levels)
                    all.Add(Mirror(level));
            yield return (
                market,
                [
                    .. all.Select(level => new LevelChange(
                        level.Outcome,
                        level.Side == Side.Buy,
                        level.PriceTicks,
                        engine.LevelQuantity(market, level.Outcome, level.Side, new Price(level.PriceTicks)).Lots,
                        engine.FirmQuantity(market, level.Outcome, level.Side, new Price(level.PriceTicks)).Lots
                    )),
                ]
            );
        }
    }

    public static IReadOnlyList<LevelChange> WholeBook(ExchangeEngine engine, Market market)
    {
        var levels = new DepthLevel[MatchingLimits.DepthLevels];
        var book = new List<LevelChange>();
        for (byte outcome = 0; outcome < market.Outcomes; outcome++)
        {
            foreach (var side in (ReadOnlySpan<Side>)[Side.Buy, Side.Sell])
            {
                var count = engine.Depth(market.Id, outcome, side, levels);
                for (var i = 0; i < count; i++)
                {
                    var (price, firm) = (levels[i].Price, engine.FirmQuantity(market.Id, outcome, side, levels[i].Price));
                    book.Add(new LevelChange(outcome, side == Side.Buy, price.Ticks, levels[i].Quantity.Lots, firm.Lots));
                }
            }
        }

        return book;
    }

    private static (byte, Side, int) Mirror((byte Outcome, Side Side, int PriceTicks) level) =>
        ((byte)(1 - level.Outcome), level.Side == Side.Buy ? Side.Sell : Side.Buy, Price.TicksPerUnit - level.PriceTicks);
}
