namespace Foresight.Matching.Settlement;

/// <summary>A trade that waits for its first or next batch.</summary>
/// <param name="Attempts">How many batches with it reverted as a whole.</param>
public sealed record WaitingTrade(long TradeId, int MarketId, int Legs, int Attempts, DateTimeOffset Since);

/// <param name="MaxTrades">Most trades of one batch.</param>
/// <param name="MaxLegs">Most legs of one batch: each is an order, a signature check
/// and up to two token transfers, so legs decide its gas.</param>
/// <param name="MaxAge">A batch that is not full waits this long for company.</param>
public sealed record BatchLimits(int MaxTrades, int MaxLegs, TimeSpan MaxAge);

/// <summary>Trades of one market, in trade id order, that go into one transaction.</summary>
public sealed record PlannedBatch(int MarketId, IReadOnlyList<long> TradeIds);

/// <summary>Which waiting trades go on chain now, and with whom.</summary>
public static class BatchRules
{
    /// <param name="waiting">In trade id order, which is the order in which batches take them.</param>
    /// <param name="slots">Most batches to plan: how many more transactions may be in flight.</param>
    public static List<PlannedBatch> Compose(IReadOnlyList<WaitingTrade> waiting, BatchLimits limits, int slots, DateTimeOffset now)
    {
        var planned = new List<PlannedBatch>();
        // GroupBy keeps the order of first appearance, so the market with the oldest trade goes first.
        foreach (var market in waiting.GroupBy(t => t.MarketId))
        {
            var trades = market.ToList();
            var next = 0;
            while (next < trades.Count && planned.Count < slots)
            {
                var take = TakeFrom(trades, next, limits);
                if (!take.Full && now - trades[next].Since < limits.MaxAge)
                    break;
                planned.Add(new PlannedBatch(market.Key, [.. trades.Skip(next).Take(take.Count).Select(t => t.TradeId)]));
                next += take.Count;
            }
        }

        return planned;
    }

    /// <summary>
    /// How many trades a batch may hold when one of them was in <paramref name="attempts"/> batches that reverted as a whole: half each
    /// time, so that the one that makes them revert is alone after log2(max) + 1 transactions, and the others go through.
    /// </summary>
    public static int MaxTradesAfter(int attempts, int maxTrades) => Math.Max(1, maxTrades >> Math.Min(attempts, 30));

    private static (int Count, bool Full) TakeFrom(List<WaitingTrade> trades, int from, BatchLimits limits)
    {
        var (count, legs, max) = (0, 0, limits.MaxTrades);
        // A trade that was in a reverted batch is not mixed with fresh ones: those must not wait for the search.
        var searching = trades[from].Attempts > 0;
        for (var i = from; i < trades.Count; i++)
        {
            var trade = trades[i];
            if (count > 0 && trade.Attempts > 0 != searching)
                return (count, true);
            max = Math.Min(max, MaxTradesAfter(trade.Attempts, limits.MaxTrades));
            if (count > 0 && (count + 1 > max || legs + trade.Legs > limits.MaxLegs))
                return (count, true);
            count++;
            legs += trade.Legs;
        }

        return (count, searching || count >= max || legs >= limits.MaxLegs);
    }
}
