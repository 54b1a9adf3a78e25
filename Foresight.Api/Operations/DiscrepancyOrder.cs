using Foresight.Api.Problems;
using Foresight.Api.Reading;
using Foresight.Protocol;

namespace Foresight.Api.Operations;

/// <param name="Sort">One of <see cref="DiscrepancySorts.Names"/>.</param>
public sealed record DiscrepancyOrder(string Sort, bool IsDescending)
{
    public bool IsNewestFirst => this is { Sort: "id", IsDescending: true };

    /// <summary>Ends with the id, so that equal rows have an order too and no page repeats or misses one. Nothing comes last.</summary>
    public string Sql
    {
        get
        {
            const string StateRank = "CASE WHEN state IN ('open', 'reopened') THEN 0 WHEN state = 'acknowledged' THEN 1 ELSE 2 END";
            const string Weight = "CASE severity WHEN 'critical' THEN 3 WHEN 'high' THEN 2 WHEN 'medium' THEN 1 ELSE 0 END";
            var direction = IsDescending ? "DESC" : "ASC";
            var opposite = IsDescending ? "ASC" : "DESC";
            return Sort switch
            {
                "id" => $"discrepancy_id {direction}",
                DiscrepancySorts.Urgency =>
                    $"{StateRank} {direction}, {Weight} {opposite}, last_seen_at {opposite}, discrepancy_id {opposite}",
                "state" => $"{StateRank} {direction}, state {direction}, discrepancy_id DESC",
                "severity" => $"{Weight} {direction}, discrepancy_id DESC",
                "kind" or "assignee" or "amount" => $"{Sort} {direction} NULLS LAST, discrepancy_id DESC",
                "marketId" => $"market_id {direction} NULLS LAST, discrepancy_id DESC",
                "firstSeenAt" => $"first_seen_at {direction}, discrepancy_id DESC",
                "lastSeenAt" => $"last_seen_at {direction}, discrepancy_id DESC",
                _ => throw new InvalidOperationException($"The order {Sort} was not checked."),
            };
        }
    }

    /// <param name="sort">As addresses have it, descending with a minus before it; null: the newest first.</param>
    public static DiscrepancyOrder Of(string? sort)
    {
        var order = ListOrder.Of(sort ?? DiscrepancySorts.Newest);
        return new(order.Sort, order.IsDescending);
    }

    public static Problem? Check(string? sort) => ListOrder.Check(sort, DiscrepancySorts.Names);
}
