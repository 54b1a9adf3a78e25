namespace Foresight.Matching.Engine.Tests.Random;

/// <summary>A stream in which nothing happens must not pass for a proof.</summary>
public sealed class StreamStatistics
{
    private readonly SortedDictionary<string, long> _counts = [];

    public void Count(in Command command, IEnumerable<object> events)
    {
        Add($"command {command.Kind}");
        var fills = events.OfType<OrderFilled>().ToList();
        foreach (var trade in fills.GroupBy(fill => fill.Trade))
        {
            if (trade.All(fill => fill.Purse == Purse.Vault))
                Add(command.FirmOnly ? "trade of a firm-only order" : "firm trade");
        }

        foreach (var e in events)
        {
            Add(
                e switch
                {
                    TradeExecuted trade => trade.Legs > 2 ? $"{trade.Kind} set" : $"{trade.Kind}",
                    CommandRejected rejected => $"rejected {rejected.Reason}",
                    OrderCancelled cancelled => $"cancelled {cancelled.Reason}",
                    OrderReplaced => "replaced",
                    _ => e.GetType().Name,
                }
            );
        }
    }

    public void RequireVariety(bool hasSets)
    {
        List<string> required =
        [
            "Direct",
            "replaced",
            "cancelled Requested",
            "cancelled Expired",
            "cancelled SelfTrade",
            "cancelled Unfunded",
            "cancelled ImmediateOrCancel",
            "cancelled BudgetSpent",
            "cancelled FilledOnChain",
            "cancelled Administrator",
            "cancelled Replaced",
            "cancelled MarketClosed",
            "rejected WouldCross",
            "rejected WouldNotFill",
            "rejected SelfTrade",
            "rejected InsufficientBalance",
            "rejected OrderExpired",
            "rejected MarketPaused",
            "rejected StaleObservation",
            "rejected UnknownTrade",
            "rejected FirmUnavailable",
            "cancelled FirmUnavailable",
            "firm trade",
            "trade of a firm-only order",
            "command PayWithdrawal",
            "command LapseWithdrawal",
        ];
        required.AddRange(hasSets ? ["Mint set", "Merge set"] : ["Mint", "Merge"]);
        var missing = required.Where(name => !_counts.ContainsKey(name)).ToList();
        Assert.True(missing.Count == 0, $"the stream never had: {string.Join(", ", missing)}");
    }

    public override string ToString() => string.Join(", ", _counts.Select(count => $"{count.Key} {count.Value:n0}"));

    private void Add(string name) => _counts[name] = _counts.GetValueOrDefault(name) + 1;
}
