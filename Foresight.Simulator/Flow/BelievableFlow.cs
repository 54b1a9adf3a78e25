using Foresight.Simulator.Traders;

namespace Foresight.Simulator.Flow;

/// <summary>
/// News moves the believed probabilities, makers follow with their quotes, and takers arrive as a Poisson process. All decisions derive
/// from the seed and not from the exchange's answers, so that a run can be repeated.
/// </summary>
public sealed class BelievableFlow : IOrderFlow
{
    private const double ShareOfMakers = 0.6;
    private const int MakersPerMarket = 2;

    private readonly FlowRandom _random;
    private readonly TimeSpan _meanPause;
    private readonly Venue[] _venues;
    private readonly Taker[] _takers;

    public BelievableFlow(
        ulong seed,
        double ordersPerSecond,
        IReadOnlyList<TradedMarket> markets,
        IReadOnlyList<Trader> traders,
        TimeProvider clock
    )
    {
        if (markets.Count == 0)
            throw new ArgumentException("there is no market to trade", nameof(markets));
        if (traders.Count < 2)
            throw new ArgumentException("a market needs two traders at least", nameof(traders));

        _random = new FlowRandom(seed);
        _meanPause = TimeSpan.FromSeconds(1 / ordersPerSecond);
        var makers = Math.Min(traders.Count / 2, markets.Count * MakersPerMarket);
        _venues =
        [
            .. markets.Select(
                (market, index) =>
                    new Venue(
                        market,
                        new LatentProbability(market.Outcomes, new FlowRandom(_random.NextBits())),
                        [
                            .. Enumerable
                                .Range(0, Math.Min(makers, MakersPerMarket))
                                .Select(k => new MarketMaker(
                                    traders[(index * MakersPerMarket + k) % makers],
                                    market,
                                    new FlowRandom(_random.NextBits()),
                                    clock
                                )),
                        ]
                    )
            ),
        ];
        _takers = [.. traders.Skip(makers).Select(trader => new Taker(trader, new FlowRandom(_random.NextBits()), clock))];
    }

    public FlowStep Next()
    {
        var pause = _meanPause * _random.Exponential();
        // The smaller of two draws makes some markets busier than others.
        var venue = _venues[Math.Min(_random.Below(_venues.Length), _random.Below(_venues.Length))];
        venue.Latent.Step();
        return _random.Chance(ShareOfMakers)
            ? venue.Makers[_random.Below(venue.Makers.Length)].Requote(pause, venue.Latent)
            : _takers[_random.Below(_takers.Length)].Decide(pause, venue.Market, venue.Latent);
    }

    private sealed record Venue(TradedMarket Market, LatentProbability Latent, MarketMaker[] Makers);
}
