namespace Foresight.Matching.Engine.Tests.Reference;

public abstract record MatchStep
{
    public sealed record Traded(TradeKind Kind, long Quantity, IReadOnlyList<ReferenceLeg> Legs) : MatchStep;

    public sealed record OwnOrderCancelled(ReferenceOrder Order) : MatchStep;
}

/// <summary>
/// Matches in the simplest way, so that it can be verified by reading: scan all orders, take the best, repeat. Works on the given orders,
/// so fill-or-kill is tested on copies.
/// </summary>
public sealed class ReferenceMatcher(
    ReferenceOrder taker,
    List<ReferenceOrder> orders,
    int outcomes,
    int tickSize,
    SelfTradePrevention prevention,
    long budget,
    bool firmOnly,
    long firmTradesLeft
)
{
    public List<MatchStep> Steps { get; } = [];

    public long Left { get; private set; } = taker.Left;

    public long? Budget { get; private set; } = budget == 0 ? null : budget;

    public CancelReason Stopped { get; private set; }

    public bool? MeetsItselfFirst => Best() is { } best ? CanPay(best) && best.Makers.Any(maker => maker.Account == taker.Account) : null;

    public void Run()
    {
        while (Left > 0 && Stopped == CancelReason.None && Best() is { } best)
        {
            if (!CanPay(best))
            {
                Stopped = CancelReason.BudgetSpent;
                return;
            }

            var own = best.Makers.FirstOrDefault(maker => maker.Account == taker.Account);
            if (own is not null)
            {
                if (prevention != SelfTradePrevention.CancelNewest)
                {
                    orders.Remove(own);
                    Steps.Add(new MatchStep.OwnOrderCancelled(own));
                }

                if (prevention != SelfTradePrevention.CancelOldest)
                    Stopped = CancelReason.SelfTrade;
                continue;
            }

            if (taker.Purse == Purse.Vault && best.Makers.All(maker => maker.Purse == Purse.Vault) && --firmTradesLeft < 0)
            {
                Stopped = CancelReason.FirmUnavailable;
                return;
            }

            Trade(best);
        }
    }

    private IEnumerable<ReferenceOrder> Offers => firmOnly ? orders.Where(order => order.Purse == Purse.Vault) : orders;

    private bool CanPay(Candidate best) => Budget is not { } money || money >= best.TakerPrice;

    private void Trade(Candidate best)
    {
        var quantity = Math.Min(Left, best.Makers.Min(maker => maker.Left));
        if (Budget is { } money && money / best.TakerPrice < quantity)
        {
            quantity = money / best.TakerPrice;
            Stopped = CancelReason.BudgetSpent;
        }

        Left -= quantity;
        Budget -= best.TakerPrice * quantity;
        List<ReferenceLeg> legs = [new(taker.Id, taker.Account, taker.Outcome, taker.Side, best.TakerPrice, Left, taker.Purse)];
        for (var i = 0; i < best.Makers.Count; i++)
        {
            var maker = best.Makers[i];
            maker.Left -= quantity;
            legs.Add(new ReferenceLeg(maker.Id, maker.Account, maker.Outcome, maker.Side, best.MakerPrices[i], maker.Left, maker.Purse));
            if (maker.Left == 0)
                orders.Remove(maker);
        }

        Steps.Add(new MatchStep.Traded(best.Kind, quantity, legs));
    }

    private Candidate? Best()
    {
        var candidates = outcomes == 2 ? Offers.Select(Pair) : Offers.Where(o => o.Outcome == taker.Outcome).Select(Pair).Append(Set());
        Candidate? best = null;
        foreach (var candidate in candidates)
        {
            if (candidate is null || (taker.Side == Side.Buy ? candidate.TakerPrice > taker.Price : candidate.TakerPrice < taker.Price))
                continue;
            if (best is null || IsBetter(candidate, best))
                best = candidate;
        }

        return best;
    }

    private bool IsBetter(Candidate one, Candidate other)
    {
        if (one.TakerPrice != other.TakerPrice)
            return taker.Side == Side.Buy ? one.TakerPrice < other.TakerPrice : one.TakerPrice > other.TakerPrice;
        // A set is looked at last, so that it is never better than a direct maker of the same price.
        return one.Makers.Count == 1 && one.Makers[0].Arrival < other.Makers[0].Arrival;
    }

    private Candidate? Pair(ReferenceOrder maker)
    {
        if (maker.Outcome == taker.Outcome)
            return maker.Side == taker.Side ? null : new Candidate(TradeKind.Direct, maker.Price, [maker], [maker.Price]);
        if (maker.Side != taker.Side)
            return null;
        var kind = taker.Side == Side.Buy ? TradeKind.Mint : TradeKind.Merge;
        return new Candidate(kind, Price.TicksPerUnit - maker.Price, [maker], [maker.Price]);
    }

    private Candidate? Set()
    {
        List<ReferenceOrder> makers = [];
        for (byte outcome = 0; outcome < outcomes; outcome++)
        {
            if (outcome == taker.Outcome)
                continue;
            var onSide = Offers.Where(o => o.Outcome == outcome && o.Side == taker.Side);
            var best =
                taker.Side == Side.Buy
                    ? onSide.OrderByDescending(o => o.Price).ThenBy(o => o.Arrival).FirstOrDefault()
                    : onSide.OrderBy(o => o.Price).ThenBy(o => o.Arrival).FirstOrDefault();
            if (best is null)
                return null;
            makers.Add(best);
        }

        var prices = makers.Select(maker => maker.Price).ToList();
        var rest = Price.TicksPerUnit - prices.Sum();
        if (taker.Side == Side.Sell)
            return new Candidate(TradeKind.Merge, rest, makers, prices);
        if (rest >= tickSize)
            return new Candidate(TradeKind.Mint, rest, makers, prices);

        // The makers pay more than a set costs: the taker pays one tick, and the highest makers are lowered tick by tick, the last of them
        // first.
        while (prices.Sum() > Price.TicksPerUnit - tickSize)
        {
            var dearest = prices.LastIndexOf(prices.Max());
            prices[dearest] -= tickSize;
        }

        return new Candidate(TradeKind.Mint, tickSize, makers, prices);
    }

    private sealed record Candidate(TradeKind Kind, int TakerPrice, IReadOnlyList<ReferenceOrder> Makers, IReadOnlyList<int> MakerPrices);
}
