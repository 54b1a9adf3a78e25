namespace Foresight.Protocol;

/// <summary>Values of <c>sort</c> in <c>GET /trades</c>. A minus before the name is descending.</summary>
public static class TradeSorts
{
    /// <summary>The list's own order.</summary>
    public const string NewestTrade = "-tradeId";

    public const string OldestTrade = "tradeId";

    /// <summary>Only of trades that are in a block, like <see cref="OldestBlock"/>.</summary>
    public const string NewestBlock = "-blockNumber";

    public const string OldestBlock = "blockNumber";

    public static readonly IReadOnlyList<string> All = [NewestTrade, OldestTrade, NewestBlock, OldestBlock];
}

/// <summary>Values of <c>sort</c> in <c>GET /reconciliation/discrepancies</c>. A minus before the name is descending.</summary>
public static class DiscrepancySorts
{
    /// <summary>The list's own order, the only one whose pages have a cursor.</summary>
    public const string Newest = "-id";

    /// <summary>Those that wait for a decision first, the worst of them before the others, then the last seen.</summary>
    public const string Urgency = "urgency";

    /// <summary>Names as in <see cref="DiscrepancyView"/>; severities by weight, states by what is left to do.</summary>
    public static readonly IReadOnlyList<string> Names =
    [
        "id",
        Urgency,
        "state",
        "severity",
        "kind",
        "assignee",
        "amount",
        "marketId",
        "firstSeenAt",
        "lastSeenAt",
    ];
}
