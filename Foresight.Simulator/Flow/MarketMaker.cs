using Foresight.Matching.Engine;
using Foresight.Simulator.Traders;

namespace Foresight.Simulator.Flow;

/// <summary>
/// Of a binary market only outcome 0 is quoted, because both outcomes share a book. Each turn replaces the quote that is farthest
/// from its target.
/// </summary>
public sealed class MarketMaker
{
    private const int Levels = 4;
    private const double LevelSpacing = 0.006;
    private const double SmallestQuote = 20;
    private const double QuoteTail = 2.2;
    private const long LargestQuoteLots = 50_000;

    /// <summary>An expiry as a dead man's switch: the quotes of a crashed simulator leave the book by themselves.</summary>
    private static readonly TimeSpan ShortestLife = TimeSpan.FromMinutes(5);

    private readonly Trader _trader;
    private readonly TradedMarket _market;
    private readonly FlowRandom _random;
    private readonly TimeProvider _clock;
    private readonly Quote[] _quotes;

    public MarketMaker(Trader trader, TradedMarket market, FlowRandom random, TimeProvider clock)
    {
        (_trader, _market, _random, _clock) = (trader, market, random, clock);
        var quotedOutcomes = market.IsBinary ? 1 : market.Outcomes;
        _quotes =
        [
            .. from outcome in Enumerable.Range(0, quotedOutcomes)
            from level in Enumerable.Range(1, Levels)
            from side in new[] { Side.Buy, Side.Sell }
            select new Quote(outcome, side, level),
        ];
    }

    public FlowStep Requote(TimeSpan pause, LatentProbability latent)
    {
        var quote = _quotes.MaxBy(candidate => candidate.ErrorAgainst(Target(candidate, latent)))!;
        var target = Target(quote, latent);
        // All quotes are on target; one is replaced anyway, because it may have been filled.
        if (quote.ErrorAgainst(target) < _market.TickSize)
        {
            quote = _quotes[_random.Below(_quotes.Length)];
            target = Target(quote, latent);
        }

        quote.QuotedTicks = target.Ticks;
        var shares = _random.Pareto(SmallestQuote, QuoteTail) * quote.Level;
        var lots = Math.Min((long)(shares * 100), LargestQuoteLots);
        var expires = _clock.GetUtcNow() + ShortestLife * (1 + _random.Uniform());
        var intent = new OrderIntent(
            _market,
            quote.Outcome,
            quote.Side,
            target,
            new Quantity(lots),
            TimeInForce.GoodTilDate,
            PostOnly: true,
            expires
        );
        return new FlowStep(pause, _trader, intent, quote.Slot);
    }

    private Price Target(Quote quote, LatentProbability latent)
    {
        var distance = quote.Level * Math.Max(LevelSpacing, (double)_market.TickSize / Price.TicksPerUnit);
        return _market.RoundToTick(latent.Of(quote.Outcome) + (quote.Side == Side.Buy ? -distance : distance));
    }

    private sealed class Quote(int outcome, Side side, int level)
    {
        public int Outcome { get; } = outcome;
        public Side Side { get; } = side;
        public int Level { get; } = level;
        public RestingSlot Slot { get; } = new();
        public int? QuotedTicks { get; set; }

        /// <summary>
        /// In ticks, weighted towards the inner levels; a missing quote exceeds any distance, so that it is placed first.
        /// </summary>
        public double ErrorAgainst(Price target) =>
            QuotedTicks is { } ticks ? Math.Abs(ticks - target.Ticks) : 2.0 * Price.TicksPerUnit - Level;
    }
}
