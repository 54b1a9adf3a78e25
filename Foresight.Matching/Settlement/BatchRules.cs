namespace Foresight.Matching.Settlement;

/// <param name="Attempts">
/// Batches with this trade that reverted as a whole, or that nodes refused: each halves the next one, in search of the culprit.
/// </param>
/// <param name="MatchedAt">
/// Null if the engine has settled it already, which a reorganisation undid: it must be on chain again, however late.
/// </param>
public sealed record WaitingTrade(
    long TradeId,
    int MarketId,
    int Legs,
    int Attempts,
    DateTimeOffset Since,
    DateTimeOffset? MatchedAt = null,
    bool IsFirm = false
);

/// <param name="MaxLegs">
/// Most legs in one batch. Each leg is an order, a signature check and up to two token transfers, so legs determine the gas.
/// </param>
public sealed record BatchLimits(int MaxTrades, int MaxLegs, TimeSpan MaxAge);

/// <summary>All trades of a batch are of one market, because its contract settles them. In ascending order of their ids.</summary>
/// <param name="IsFirm">All its trades are firm.</param>
public sealed record PlannedBatch(int MarketId, IReadOnlyList<long> TradeIds, bool IsFirm = false);

public static class BatchRules
{
    /// <param name="waiting">The most urgent first, because batches take them in this order; all firm, or none.</param>
    /// <param name="slots">Most batches to plan: the number of transactions that may still be put in flight.</param>
    public static List<PlannedBatch> Compose(IReadOnlyList<WaitingTrade> waiting, BatchLimits limits, int slots, DateTimeOffset now)
    {
        var planned = new List<PlannedBatch>();
        // GroupBy keeps the order of first appearance, so the market with the oldest trade comes first.
        foreach (var market in waiting.GroupBy(t => t.MarketId))
        {
            var trades = market.ToList();
            var next = 0;
            while (next < trades.Count && planned.Count < slots)
            {
                var take = TakeFrom(trades, next, limits);
                if (!take.Full && now - trades[next].Since < limits.MaxAge)
                    break;
                planned.Add(
                    new PlannedBatch(
                        market.Key,
                        [.. trades.Skip(next).Take(take.Count).Select(t => t.TradeId).Order()],
                        trades[next].IsFirm
                    )
                );
                next += take.Count;
            }
        }

        return planned;
    }

    /// <summary>
    /// Halved with each batch that reverted as a whole, so that after log2(max) + 1 transactions the culprit is alone and the other trades
    /// have settled.
    /// </summary>
    public static int MaxTradesAfter(int attempts, int maxTrades) => Math.Max(1, maxTrades >> Math.Min(attempts, 30));

    /// <summary>
    /// Trades that no transaction brings on chain any more. What an order could buy was agreed for as long as an order may live: after a
    /// silence of that length the price is another, and its maker may have left without the relayer (docs/decisions/0664).
    /// </summary>
    /// <param name="clock">Of this node.</param>
    /// <param name="blockTime">Of the newest block. The earlier one counts, so that a wrong clock alone fails no trade.</param>
    public static IReadOnlyList<WaitingTrade> Overdue(
        IReadOnlyList<WaitingTrade> waiting,
        TimeSpan longestOrderLife,
        DateTimeOffset clock,
        DateTimeOffset blockTime
    )
    {
        var now = clock < blockTime ? clock : blockTime;
        // A firm trade cannot fail: its money is there for as long as it takes.
        return [.. waiting.Where(trade => !trade.IsFirm && now - trade.MatchedAt > longestOrderLife)];
    }

    /// <summary>At least one match, because one that does not fit alone would otherwise wait for ever.</summary>
    /// <param name="lengths">
    /// Of the calls that settle one match each. All in one call have no more together: they share what is before the first.
    /// </param>
    public static int FittingLength(IReadOnlyList<int> lengths, int most)
    {
        var (count, total) = (1, lengths[0]);
        while (count < lengths.Count && (total += lengths[count]) <= most)
            count++;
        return count;
    }

    private static (int Count, bool Full) TakeFrom(List<WaitingTrade> trades, int from, BatchLimits limits)
    {
        var (count, legs, max) = (0, 0, limits.MaxTrades);
        // Trades of a reverted batch are not mixed with new ones, which must not wait for the search for the culprit.
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
